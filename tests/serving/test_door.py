"""The door: what is let in, what waits, what is refused; no byte of a request is lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adaseq.serving import door
from adaseq.serving.door import Door, Line
from adaseq.serving.limits import Limits

END = b"the end"
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 300007\r\n\r\n" + bytes(range(200)) * 1500 + END


class Inside(asyncio.Protocol):
    """What is behind the door: remembers what it is sent, and answers at the end of it."""

    def __init__(self, host: Host) -> None:
        self.host, self.data, self.is_told_to_end = host, b"", False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.host.let_in.append(self)

    def data_received(self, data: bytes) -> None:
        self.data += data
        if self.data.endswith(END):
            self.host.inside.add(self)
            self.transport.write(b"welcome")
            self.transport.close()

    def shutdown(self) -> None:
        self.is_told_to_end = True


class Host:
    """A server that listens, with room for two requests, and for two in line."""

    def __init__(self, limits: Limits) -> None:
        self.inside: set[Any] = set()
        self.connections: set[Any] = set()
        self.let_in: list[Inside] = []
        self.clients: list[asyncio.StreamWriter] = []
        self.refused = 0
        self.line = Line(limits, lambda: len(self.inside), self._count)

    def _count(self) -> None:
        self.refused += 1

    def connect(self) -> Door:
        return Door(self.line, self.connections, lambda: Inside(self))  # type: ignore[arg-type, return-value]

    async def listen(self) -> None:
        self.server = await asyncio.get_running_loop().create_server(self.connect, "127.0.0.1", 0)

    async def sent(self, data: bytes = REQUEST) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client that has sent something."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.sockets[0].getsockname()[1])
        self.clients.append(writer)
        writer.write(data)
        return reader, writer

    async def until(self, is_so: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not is_so():
                await asyncio.sleep(0.002)

        await asyncio.wait_for(wait(), 20)

    async def close(self) -> None:
        self.server.close()
        self.inside.clear()
        for writer in self.clients:
            writer.close()
        await self.until(lambda: not self.connections)


def played(scene: Callable[[Host], Awaitable[None]], **limits: Any) -> None:
    """Run a scene at a door, in which nothing fails behind the scene either."""
    faults: list[dict[str, Any]] = []

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))
        host = Host(Limits(**{"max_requests": 2, **limits}))
        await host.listen()
        try:
            await scene(host)
        finally:
            await host.close()

    asyncio.run(play())
    assert not faults


@pytest.fixture(autouse=True)
def small_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "INSIDE", 2)


def test_a_request_is_let_in_with_all_its_bytes() -> None:
    async def scene(host: Host) -> None:
        reader, writer = await host.sent(REQUEST[:3])
        await host.until(lambda: bool(host.let_in))
        for start in range(3, len(REQUEST), 77_777):
            writer.write(REQUEST[start : start + 77_777])
            await asyncio.sleep(0.001)
        assert await reader.read() == b"welcome"
        assert host.let_in[0].data == REQUEST
        assert not host.connections and not host.refused

    played(scene)


def test_what_waits_is_let_in_in_order_and_whole() -> None:
    async def scene(host: Host) -> None:
        host.inside |= {"first", "second"}
        clients = []
        for number in range(2):
            clients.append(await host.sent(b"%d" % number + REQUEST))
            await host.until(lambda: len(host.line._doors) == len(clients))
        await asyncio.sleep(0.05)
        assert not host.let_in
        host.inside.remove("first")
        await host.until(lambda: len(host.let_in) == 1)
        await asyncio.sleep(0.05)
        assert len(host.let_in) == 1 and host.let_in[0].data[:1] == b"0"
        host.inside.remove("second")
        for reader, _ in clients:
            assert await reader.read() == b"welcome"
        assert [each.data for each in host.let_in] == [b"0" + REQUEST, b"1" + REQUEST]

    played(scene)


def test_one_too_many_is_refused_and_hears_it_whatever_it_still_sends() -> None:
    async def scene(host: Host) -> None:
        host.inside |= {"first", "second"}
        for _ in range(2):
            await host.sent()
            await host.until(lambda: len(host.line._doors) == len(host.clients))
        reader, writer = await host.sent(REQUEST * 10)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"Retry-After: 1" in head and b"Connection: close" in head and b"Content-Length: %d" % len(body) in head
        assert json.loads(body)["error"]["code"] == "busy"
        assert host.refused == 1 and not host.let_in
        writer.close()

    played(scene)


def test_those_whose_requests_never_come_keep_nobody_out() -> None:
    async def scene(host: Host) -> None:
        for _ in range(10):
            await host.sent(REQUEST[:100])
        reader, _ = await host.sent()
        assert await reader.read() == b"welcome"
        assert len(host.let_in) == 11 and not host.refused

    played(scene, max_requests=20)


def test_too_many_bytes_do_not_wait() -> None:
    async def scene(host: Host) -> None:
        host.inside |= {"first", "second"}
        reader, _ = await host.sent(b"x" * 100)
        assert (await reader.read()).startswith(b"HTTP/1.1 503")
        await host.sent(b"x" * 10)
        await host.until(lambda: len(host.line._doors) == 1)

    played(scene, max_held_bytes=50)


def test_nobody_waits_for_ever() -> None:
    async def scene(host: Host) -> None:
        host.inside |= {"first", "second"}
        reader, _ = await host.sent()
        assert (await reader.read()).startswith(b"HTTP/1.1 503")
        host.inside.clear()
        reader, _ = await host.sent()
        assert await reader.read() == b"welcome"
        await host.until(lambda: not host.line._doors)
        assert host.refused == 1 and host.line._bytes == 0

    played(scene, timeout=0.1)


def test_who_goes_away_while_waiting_is_forgotten() -> None:
    async def scene(host: Host) -> None:
        host.inside |= {"first", "second"}
        _, writer = await host.sent()
        await host.until(lambda: len(host.line._doors) == 1)
        writer.close()
        await host.until(lambda: not host.connections)
        assert host.refused == 1 and not host.let_in

    played(scene, timeout=0.1)


def test_a_silent_connection_is_closed() -> None:
    async def scene(host: Host) -> None:
        reader, _ = await host.sent(b"")
        assert await reader.read() == b""
        await host.until(lambda: not host.connections)
        assert not host.let_in and not host.refused

    played(scene, idle_timeout=0.1)


def test_a_refused_client_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LINGER", 0.1)

    async def scene(host: Host) -> None:
        host.inside |= {"first", "second"}
        reader, _ = await host.sent()
        assert (await reader.read()).startswith(b"HTTP/1.1 503")
        await host.until(lambda: not host.connections)

    played(scene, max_held_bytes=50)


def test_at_the_end_what_waits_is_answered_and_what_is_silent_is_closed() -> None:
    async def scene(host: Host) -> None:
        host.inside |= {"first", "second"}
        silent, _ = await host.sent(b"")
        waiting, _ = await host.sent()
        await host.until(lambda: len(host.line._doors) == 1 and len(host.connections) == 2)
        for connection in list(host.connections):
            connection.shutdown()
        assert await silent.read() == b""
        host.inside.clear()
        assert await waiting.read() == b"welcome"
        assert host.let_in[0].is_told_to_end and not host.connections

    played(scene)
