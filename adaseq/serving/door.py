"""The door of the server: where connections cost little until their request is let in, and refusing costs little too.

What a request needs while it is answered takes ten times the memory of a connection at the door, and when a burst is over Python
does not give all of that back. So few new requests are inside at a time. Others wait in line, read no further than their
first bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from adaseq.serving.limits import Limits, Refusal, busy

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol

# A new request is let in while fewer than these are being answered: enough to fill batches.
INSIDE = 64
# In seconds: how often the line moves, and how long a refused client may take to read that.
TICK, LINGER = 0.01, 2.0


class Line:
    """The requests that wait to be let in.

    Args:
        limits: how many requests there may be, how many bytes of them, how long they wait, and how long a connection may be
            idle.
        answering: how many requests are being answered; those whose bodies have not come yet are not among them.
        refused: is called for each request that is one too many.
    """

    def __init__(self, limits: Limits, answering: Callable[[], int], refused: Callable[[], None]) -> None:
        self.idle, self._patience = limits.idle_timeout, limits.timeout
        self._answering, self._refused = answering, refused
        self._inside = min(INSIDE, limits.max_requests)
        self._longest, self._most_bytes = limits.max_requests, limits.max_held_bytes
        self._answer = _bytes_of(busy())
        self._doors: deque[tuple[Door, int]] = deque()
        self._bytes = self._entered = 0
        self._is_ticking = False

    def take(self, door: Door) -> None:
        """Let a request in, have it wait, or refuse it."""
        size = door.held
        if not self._doors and self._has_room():
            self._let_in(door)
        elif len(self._doors) >= self._longest or self._bytes + size > self._most_bytes:
            self._refuse(door)
            return
        else:
            door.wait(self._patience, lambda: self._refuse(door))
            self._doors.append((door, size))
            self._bytes += size
        if not self._is_ticking:
            self._tick_later()

    def _tick(self) -> None:
        self._is_ticking, self._entered = False, 0
        while self._doors and (self._has_room() or not self._doors[0][0].is_waiting):
            door, size = self._doors.popleft()
            self._bytes -= size
            if door.is_waiting:
                self._let_in(door)
        if self._doors or self._entered:
            self._tick_later()

    def _tick_later(self) -> None:
        self._is_ticking = True
        asyncio.get_running_loop().call_later(TICK, self._tick)

    def _has_room(self) -> bool:
        """Whether another one may enter; the last ones that did may not be seen inside yet."""
        return self._answering() + self._entered < self._inside

    def _let_in(self, door: Door) -> None:
        self._entered += 1
        door.enter()

    def _refuse(self, door: Door) -> None:
        self._refused()
        door.refuse(self._answer, LINGER)


class Door(asyncio.Protocol):
    """A connection whose request has not been let in yet.

    Args:
        line: where it waits.
        connections: all that uvicorn ends when it stops.
        make: makes the protocol that serves the connection.
    """

    __slots__ = ("_clock", "_connections", "_data", "_is_ending", "_line", "_make", "_transport", "is_waiting")

    def __init__(self, line: Line, connections: set[Any], make: Callable[[], H11Protocol]) -> None:
        self._line, self._connections, self._make = line, connections, make
        self._data: bytes | None = b""
        self.is_waiting = self._is_ending = False

    @property
    def held(self) -> int:
        """How many bytes of the request are here."""
        return len(self._data or b"")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request, but not for ever."""
        self._transport = transport
        self._clock = asyncio.get_running_loop().call_later(self._line.idle, transport.abort)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Go to the line; what a refused client still sends is not looked at."""
        if self._data is not None:
            self._data += data
            self._line.take(self)

    def wait(self, seconds: float, end: Callable[[], None]) -> None:
        """Read nothing more for now.

        Args:
            seconds: at most.
            end: what is done then.
        """
        self.is_waiting = True
        self._transport.pause_reading()
        self._set_clock(seconds, end)

    def enter(self) -> None:
        """Be served."""
        data = self._data or b""
        self._leave()
        self._clock.cancel()
        self._connections.discard(self)
        protocol = self._make()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)
        if self._is_ending:
            protocol.shutdown()

    def refuse(self, answer: bytes, seconds: float) -> None:
        """Be sent away.

        Args:
            answer: what the client is told.
            seconds: how long it may take to read that.
        """
        self._leave()
        self._transport.write(answer)
        # To close the connection with bytes of the client unread would take the answer away from the client.
        with contextlib.suppress(OSError):  # the client has gone away
            self._transport.write_eof()
        self._set_clock(seconds, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.is_waiting, self._data = False, None
        self._clock.cancel()
        self._connections.discard(self)

    def shutdown(self) -> None:
        """End the connection, since the server stops; what waits is still answered."""
        self._is_ending = True
        if not self.is_waiting:
            self._transport.close()

    def _leave(self) -> None:
        if self.is_waiting:
            self._transport.resume_reading()
        self.is_waiting, self._data = False, None

    def _set_clock(self, seconds: float, end: Callable[[], None]) -> None:
        self._clock.cancel()
        self._clock = asyncio.get_running_loop().call_later(seconds, end)


def _bytes_of(refusal: Refusal) -> bytes:
    """An answer that ends the connection."""
    body = json.dumps(refusal.content()).encode()
    headers = {
        **refusal.headers(),
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": len(body),
    }
    lines = [
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
