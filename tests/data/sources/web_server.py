"""A web server on this machine that does what real ones do: redirects, ranges, refusals, cut connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class File:
    """What is served at one path.

    Args:
        content: the bytes.
        etag: what this version is called.
        modified: when it changed.
        headers: more of them.
        has_ranges: whether parts can be asked for.
        failures: answers that come first, one for each request: a status, or a status with headers.
        cuts: after how many bytes the connection breaks, one for each request.
        redirect: where to go instead.
        authorization: the header without which access is refused.
        has_length: whether the length is said at the beginning.
    """

    content: bytes = b""
    etag: str | None = None
    modified: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    has_ranges: bool = True
    failures: list[int | tuple[int, dict[str, str]]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    redirect: str | None = None
    authorization: str | None = None
    has_length: bool = True


class WebServer:
    """Serves `files` by path; `requests` are those that came, each with its path and headers."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, File] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []

    def url(self, path: str) -> str:
        """The address of a path."""
        return self.address + path

    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [path for path, _ in self.requests]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        path = handler.path
        self.requests.append((path, dict(handler.headers.items())))
        file = self.files.get(path) or self.files.get(path.partition("?")[0])
        if file is None:
            return send(handler, 404, {}, b"nothing here")
        if file.failures:
            failure = file.failures.pop(0)
            status, headers = failure if isinstance(failure, tuple) else (failure, {})
            return send(handler, status, headers, b"no")
        if file.authorization and handler.headers.get("Authorization") != file.authorization:
            return send(handler, 401, {"WWW-Authenticate": "Basic"}, b"who are you?")
        if file.redirect:
            return send(handler, 302, {"Location": file.redirect}, b"")
        return self.send_file(handler, file)

    def send_file(self, handler: BaseHTTPRequestHandler, file: File) -> None:
        """Send a file, or the part of it that is asked for."""
        asked = handler.headers
        headers = {**file.headers}
        if file.etag:
            headers["ETag"] = file.etag
        if file.modified:
            headers["Last-Modified"] = file.modified
        if file.etag and asked.get("If-None-Match") == file.etag:
            return send(handler, 304, headers, b"")
        if file.modified and not file.etag and asked.get("If-Modified-Since") == file.modified:
            return send(handler, 304, headers, b"")
        status, content = 200, file.content
        begin = asked.get("Range", "").removeprefix("bytes=").removesuffix("-")
        if file.has_ranges and begin and asked.get("If-Range") in (None, file.etag, file.modified):
            if int(begin) >= len(content):
                return send(handler, 416, {"Content-Range": f"bytes */{len(content)}"}, b"")
            status = 206
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            content = content[int(begin) :]
        cut = file.cuts.pop(0) if file.cuts else None
        return send(handler, status, headers, content, cut, file.has_length)


def send(
    handler: BaseHTTPRequestHandler,
    status: int,
    headers: dict[str, str],
    content: bytes,
    cut: int | None = None,
    has_length: bool = True,
) -> None:
    """Send an answer, and break off after `cut` bytes."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if has_length:
        handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    if handler.command == "HEAD" or status == 304:
        return
    handler.wfile.write(content[:cut])
    if cut is not None:
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True


@contextmanager
def serving(server_class: type[WebServer] = WebServer) -> Iterator[Any]:
    """A server on a free port of this machine, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        do_HEAD = do_POST = do_GET

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = server_class(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
