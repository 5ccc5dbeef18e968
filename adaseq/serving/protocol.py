"""Connections that do not wait for ever: for a request that does not come, or for an answer that nobody reads."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


def impatient_protocol(idle: float) -> type[H11Protocol]:
    """A protocol for uvicorn that ends idle connections.

    Args:
        idle: how many seconds a client may take to send the head of a request, and to read some of its answer.
    """

    class ImpatientProtocol(H11Protocol):
        """H11 with two clocks."""

        _clock: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait_for_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._is_answering():
                self._stop_clock()
            elif self._clock is None:
                # A head that comes in small pieces has the same time as one that comes at once.
                self._wait_for_head()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._stop_clock()
            self._clock = self.loop.call_later(idle, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._stop_clock()

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            self._abort_if_unread()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.transport.is_closing():
                self._abort_if_unread()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_clock()
            super().connection_lost(exc)

        def _wait_for_head(self) -> None:
            self._clock = self.loop.call_later(idle, self._end_if_idle)

        def _end_if_idle(self) -> None:
            self._clock = None
            if not self._is_answering():
                self.transport.abort()

        def _is_answering(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _abort_if_unread(self) -> None:
            """A closed connection stays as long as there is something to be read; no longer than this."""
            self._stop_clock()
            self._clock = self.loop.call_later(idle, self.transport.abort)

        def _stop_clock(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

    return ImpatientProtocol
