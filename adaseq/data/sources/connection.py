"""One request to a web server: redirects followed with care, refusals put into words."""

from __future__ import annotations

import base64
import email.utils
import http.client
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from types import TracebackType

from typing_extensions import Self

from adaseq.errors import AdaSeqError
from adaseq.utils.urls import check_url, redacted
from adaseq.version import __version__

TIMEOUT = 30.0
"""Seconds without a sign of life from the server."""

_MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
# What may be different the next time.
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_REASONS = {
    401: "the server wants a user name or a token",
    403: "the server denies access",
    404: "there is nothing at this address",
    410: "there is nothing at this address any more",
    429: "the server has had too many requests",
}


class RequestError(Exception):
    """A request that did not bring what was asked for.

    Args:
        reason: why not, without anything secret.
        may_pass: whether trying again makes sense.
        retry_after: how many seconds the server wants to be left alone.
    """

    def __init__(self, reason: str, may_pass: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.may_pass, self.retry_after = reason, may_pass, retry_after


class Answer:
    """What a server answers; to be closed.

    Attributes:
        status: 200, 206, 304 or 416.
        headers: the header of the answer.
        url: where it came from after all redirects.
    """

    def __init__(self, response: http.client.HTTPResponse | urllib.error.HTTPError, status: int, url: str) -> None:
        self._response, self.status, self.headers, self.url = response, status, response.headers, url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.close()

    def read(self, size: int) -> bytes:
        """The next bytes of the content; none at its end.

        Args:
            size: the most bytes to wait for.

        Raises:
            RequestError: the connection broke.
        """
        try:
            return self._response.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise RequestError(f"the connection broke: {_said(error)}", may_pass=True) from error


def get(url: str, headers: Mapping[str, str]) -> Answer:
    """Ask for a file.

    A redirect may lead to another host, which then gets no password, but not from https to http.

    Args:
        url: its address; a user name and password in it are sent as such.
        headers: what to say beside the usual.

    Raises:
        RequestError: the server cannot be reached or refuses.
        AdaSeqError: the address is of a kind that is not fetched.
    """
    for _ in range(_MOST_REDIRECTS + 1):
        check_url(url)
        answer = _ask(url, headers)
        if not isinstance(answer, str):
            return answer
        target = urllib.parse.urljoin(url, answer)
        try:
            check_url(target)
        except AdaSeqError as error:
            raise RequestError(f"the server redirects to what is not fetched: {error}") from None
        if url.lower().startswith("https:") and not target.lower().startswith("https:"):
            raise RequestError(
                f"the server redirects from https to http, where anybody could change the data: {redacted(target)}"
            )
        url = target
    raise RequestError(f"the server redirects more than {_MOST_REDIRECTS} times")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: object) -> None:
        """Leave redirects to `get`, which checks them."""


def _ask(url: str, headers: Mapping[str, str]) -> Answer | str:
    """The answer, or where the server redirects to."""
    bare, credentials = _without_credentials(url)
    request = urllib.request.Request(bare, headers={"User-Agent": f"adaseq/{__version__}", **headers, **credentials})
    try:
        response = urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT)
        return Answer(response, response.status, bare)
    except urllib.error.HTTPError as error:
        if error.code in (304, 416):
            return Answer(error, error.code, bare)
        with error:
            location = error.headers.get("Location")
            if error.code in _REDIRECTS and location:
                return str(location)
            raise _refusal(error) from None
    except (OSError, http.client.HTTPException) as error:
        raise RequestError(
            _said(error), may_pass=not isinstance(_cause(error), ssl.SSLCertVerificationError)
        ) from error
    except ValueError as error:  # a header or a host name that cannot be sent
        raise RequestError("the address cannot be asked for as it is written") from error


def _without_credentials(url: str) -> tuple[str, dict[str, str]]:
    parts = urllib.parse.urlsplit(url)
    user, is_there, host = parts.netloc.rpartition("@")
    path = urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = urllib.parse.quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    bare = urllib.parse.urlunsplit(parts._replace(netloc=_ascii_host(host), path=path, query=query, fragment=""))
    if not is_there:
        return bare, {}
    pair = urllib.parse.unquote(user) if ":" in user else f"{urllib.parse.unquote(user)}:"
    return bare, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _ascii_host(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host


def _refusal(error: urllib.error.HTTPError) -> RequestError:
    name = http.client.responses.get(error.code, "")
    reason = _REASONS.get(error.code, "the server has a problem" if error.code >= 500 else "the server refuses")
    retry_after = _seconds(error.headers.get("Retry-After"))
    return RequestError(f"{reason} ({error.code} {name})".replace(" )", ")"), error.code in _PASSING, retry_after)


def _seconds(retry_after: str | None) -> float | None:
    """How long a `Retry-After` asks to wait: it is a number of seconds, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


def _cause(error: BaseException) -> object:
    return error.reason if isinstance(error, urllib.error.URLError) else error


def _said(error: BaseException) -> str:
    """What went wrong with a connection. The texts of the libraries are not used: they may hold the address."""
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the server's certificate cannot be trusted: {cause.verify_message}. If it should be, name your own "
            "certificates in the variable SSL_CERT_FILE"
        )
    if isinstance(cause, TimeoutError):
        return f"no answer within {TIMEOUT:.0f} seconds"
    if isinstance(cause, socket.gaierror):
        return f"the host is not known ({cause.strerror})"
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror)
    return "the server closed the connection" if isinstance(cause, http.client.HTTPException) else "no connection"
