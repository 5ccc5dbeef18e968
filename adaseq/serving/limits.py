"""What requests may ask for, and the errors that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """The limits of a server.

    Attributes:
        max_body_bytes: of one request.
        max_texts: in one request, and mentions in one text.
        max_text_length: of one text, in characters, or of all its words.
        timeout: how many seconds a request may wait in line, and how many it may take once it is let in.
        body_timeout: how many seconds the body of a request may take to arrive.
        idle_timeout: how many seconds a connection may wait: for a request, and for its answer to be read.
        max_requests: at the same time, and as many in line; more are refused.
        max_held_bytes: of the bodies of all requests at the same time.
        max_waiting_texts: for one model; more are refused.
    """

    max_body_bytes: int = 4 << 20
    max_texts: int = 256
    max_text_length: int = 100_000
    timeout: float = 30.0
    body_timeout: float = 10.0
    idle_timeout: float = 15.0
    max_requests: int = 2048
    max_held_bytes: int = 128 << 20
    max_waiting_texts: int = 8192

    def shown(self) -> dict[str, Any]:
        """Those that a client must know."""
        return {
            "max_body_bytes": self.max_body_bytes,
            "max_texts": self.max_texts,
            "max_text_length": self.max_text_length,
            "timeout_seconds": self.timeout,
        }


class Refusal(Exception):
    """A request that gets an error for an answer.

    Args:
        status: of HTTP.
        code: what happened, for programs.
        message: the same, for people.
        retry_after: when to try again, in seconds.
        index: the number of the text that is wrong.
        is_last: whether the connection ends with it, since its request was not read to the end.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: int | None = None,
        index: int | None = None,
        is_last: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after, self.index, self.is_last = retry_after, index, is_last

    def content(self) -> dict[str, Any]:
        """The body of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.index is not None:
            error["index"] = self.index
        return {"error": error}

    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if self.is_last:
            headers["Connection"] = "close"
        return headers


def busy(message: str = "too many requests wait; try again in a moment") -> Refusal:
    """The refusal of a server that has enough to do."""
    return Refusal(503, "busy", message, retry_after=1)
