"""The gate in front of the API: who may come in, how much they may bring, how long it may take; and what is counted."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from adaseq.serving.limits import Limits, Refusal, busy
from adaseq.serving.metrics import Metrics

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Anybody may ask for these: they say nothing about texts or models.
_OPEN = ("/healthz", "/readyz", "/docs", "/openapi.json")
_COUNTED = ("/v1/predict", "/v1/models", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]


class Guard:
    """An ASGI application around another one.

    Args:
        app: the API.
        limits: what requests may ask for.
        metrics: where they are counted.
        token: what requests must show; None if everybody may come in.
        hosts: the names under which the server is known; None if any will do.

    Attributes:
        answering: how many requests have been read and are being answered.
    """

    def __init__(
        self, app: App, limits: Limits, metrics: Metrics, token: str | None = None, hosts: frozenset[str] | None = None
    ) -> None:
        self._app, self._limits, self._metrics = app, limits, metrics
        self._token = None if token is None else token.encode()
        self._hosts = hosts
        self._requests = self._held = 0
        self.answering = 0
        metrics.gauge("adaseq_requests_in_flight", "Requests that are being answered.", lambda: self._requests)
        metrics.gauge("adaseq_held_bytes", "Bytes of the bodies of these requests.", lambda: self._held)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1003})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 500
        has_begun = False

        async def counted(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        self._requests += 1
        held = [0]
        try:
            await self._answer(scope, receive, counted, held)
        except Refusal as refusal:
            if not has_begun:
                await _tell(refusal, counted)
        except Exception:
            logger.exception("a request failed")
            if not has_begun:
                await _tell(Refusal(500, "internal_error", "the server failed; its log says why"), counted)
        finally:
            self._requests -= 1
            self._held -= held[0]
            path = scope["path"] if scope["path"] in _COUNTED else "other"
            count_request(self._metrics, path, status)
            seconds = time.perf_counter() - begin
            self._metrics.observe("adaseq_request_seconds", "How long requests took.", seconds, path=path)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, held: list[int]) -> None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        has_body = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if self._requests > self._limits.max_requests:
            refusal = busy()
            refusal.is_last = has_body
            raise refusal
        self._check_host(headers, has_body)
        self._check_token(scope["path"], headers, has_body)
        if has_body:
            _check_type(headers)
            receive = _replay(await self._body(receive, headers, held), receive)
        self.answering += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.answering -= 1

    def _check_host(self, headers: dict[bytes, bytes], has_body: bool) -> None:
        """Pages of other sites can send requests to this machine under names of their own, but not under its name."""
        if self._hosts is None:
            return
        given = headers.get(b"host", b"").decode("latin-1").lower()
        name = given.rpartition(":")[0] if given.rpartition(":")[2].isdecimal() and not given.endswith("]") else given
        if name not in self._hosts:
            raise Refusal(
                403,
                "forbidden_host",
                "this server is not known by the name in the header Host; start it with --allowed_host to allow it",
                is_last=has_body,
            )

    def _check_token(self, path: str, headers: dict[bytes, bytes], has_body: bool) -> None:
        is_open = path in _OPEN or path == "/" or path.startswith("/static/")
        if self._token is None or is_open:
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise Refusal(
                401, "unauthorized", "the header Authorization: Bearer TOKEN is missing or wrong", is_last=has_body
            )

    async def _body(self, receive: Receive, headers: dict[bytes, bytes], held: list[int]) -> bytes:
        """The body of a request.

        Raises:
            Refusal: it is too large, or comes too slowly; or too much is held already.
        """
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > self._limits.max_body_bytes:
            raise self._too_large()
        until = time.monotonic() + self._limits.body_timeout
        parts: list[bytes] = []
        while True:
            try:
                message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0.0))
            except (TimeoutError, asyncio.TimeoutError):
                seconds = self._limits.body_timeout
                raise Refusal(
                    408, "slow_request", f"the body did not arrive within {seconds:g} seconds", is_last=True
                ) from None
            if message["type"] == "http.disconnect":
                raise Refusal(400, "bad_request", "the client went away", is_last=True)
            part = message.get("body", b"")
            parts.append(part)
            held[0] += len(part)
            self._held += len(part)
            if held[0] > self._limits.max_body_bytes:
                raise self._too_large()
            if self._held > self._limits.max_held_bytes:
                refusal = busy()
                refusal.is_last = True
                raise refusal
            if not message.get("more_body"):
                return b"".join(parts)

    def _too_large(self) -> Refusal:
        most = self._limits.max_body_bytes
        return Refusal(413, "body_too_large", f"the body is larger than {most} bytes", is_last=True)


def count_request(metrics: Metrics, path: str, status: int) -> None:
    """Count a request that was answered; its path is `other` where it is none of ours, or was not read."""
    metrics.count("adaseq_requests_total", "Requests by path and status.", path=path, status=str(status))


def _check_type(headers: dict[bytes, bytes]) -> None:
    """Pages of other sites can send bodies of some types without being asked, but not JSON."""
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Refusal(415, "unsupported_media_type", "say Content-Type: application/json", is_last=True)


def _replay(body: bytes, receive: Receive) -> Receive:
    """What gives the body at once, and then what comes next: that the client goes away."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if not is_given:
            is_given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


async def _tell(refusal: Refusal, send: Send) -> None:
    body = json.dumps(refusal.content(), ensure_ascii=False).encode()
    headers = [(name.lower().encode(), value.encode()) for name, value in refusal.headers().items()]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
