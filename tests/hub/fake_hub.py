"""A hub on this machine that answers as Hugging Face and as ModelScope do, and fails when it is told to."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_token0123456789secret"
LARGE = 4096
CUT = -1
"""Instead of a status: the connection breaks."""

Answer = tuple[int, Any, dict[str, str]]


@dataclass
class Repository:
    """A repository: files by branch, the messages of its commits, and whether it is private."""

    is_private: bool
    license: str | None = None
    branches: dict[str, dict[str, bytes]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def oid(self, branch: str) -> str:
        """What stands for the state of a branch."""
        state = sorted((path, git_id(data)) for path, data in self.branches.get(branch, {}).items())
        return hashlib.sha1(repr(state).encode()).hexdigest()


@dataclass
class Failure:
    """What comes instead of an answer.

    Args:
        method: of the requests that fail.
        path: what their path has in it.
        status: the answer, or CUT.
        times: how many fail.
        headers: of the answer.
        body: of the answer.
    """

    method: str
    path: str
    status: int
    times: int = 1000
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = field(default_factory=lambda: {"error": "said no", "Message": "said no"})


class FakeHub:
    """The state behind the server; `requests` are those that came: method, path, and token."""

    def __init__(self, address: str) -> None:
        self.address = address
        # The stores of blobs are other hosts.
        self.store = address.replace("127.0.0.1", "localhost") + "/blobs"
        self.repositories: dict[str, Repository] = {}
        self.blobs: dict[str, bytes] = {}
        self.failures: list[Failure] = []
        self.requests: list[tuple[str, str, str | None]] = []

    def asked(self, method: str, part: str = "") -> list[str]:
        """The paths of the requests with a method that have something in their path."""
        return [path for verb, path, _ in self.requests if verb == method and part in path]

    def fail(self, method: str, path: str, status: int, **more: Any) -> None:
        """Let requests fail from now on."""
        self.failures.append(Failure(method, path, status, **more))

    def files(self, name: str, branch: str) -> dict[str, bytes]:
        """What is in a repository."""
        return self.repositories[name].branches[branch]

    def answer(self, method: str, address: str, token: str | None, body: bytes) -> Answer:
        """Answer a request.

        Raises:
            ConnectionAbortedError: the connection shall break.
        """
        self.requests.append((method, address, token))
        path, _, query = address.partition("?")
        for failure in self.failures:
            if failure.method == method and failure.path in path and failure.times > 0:
                failure.times -= 1
                if failure.status == CUT:
                    raise ConnectionAbortedError
                return failure.status, failure.body, failure.headers
        parameters = dict(urllib.parse.parse_qsl(query))
        for verb, pattern, handle in _ROUTES:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                if method in ("POST", "PUT") and token != TOKEN:
                    return 401, {"error": "Invalid username or password.", "Message": "user not logged in"}, {}
                names = {key: urllib.parse.unquote(value) for key, value in found.groupdict().items() if value}
                return handle(self, names, parameters, body, token == TOKEN)
        return 404, {"error": f"no route for {method} {path}"}, {}

    def repository(self, name: str, may_see_all: bool) -> Repository | None:
        """A repository, if it is there and may be seen."""
        found = self.repositories.get(name)
        return found if found is not None and (may_see_all or not found.is_private) else None


def git_id(data: bytes) -> str:
    """What git calls a content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sha256(data: bytes) -> str:
    """What the stores of blobs call a content."""
    return hashlib.sha256(data).hexdigest()


def is_large(path: str, data: bytes | int) -> bool:
    """Whether a file lies in the store of blobs."""
    return path.endswith((".safetensors", ".bin")) or (data if isinstance(data, int) else len(data)) > LARGE


_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = []
NAME = r"(?P<name>[^/]+/[^/]+?)"


def route(method: str, pattern: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    def register(handle: Callable[..., Answer]) -> Callable[..., Answer]:
        _ROUTES.append((method, pattern, handle))
        return handle

    return register


@route("PUT", r"/blobs/(?P<oid>\w+)")
def _put_blob(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    assert sha256(body) == names["oid"]
    hub.blobs[names["oid"]] = body
    return 200, {"Code": 200}, {}


@route("GET", r"/blobs/(?P<oid>\w+)")
def _get_blob(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    return 200, hub.blobs[names["oid"]], {"ETag": f'"{names["oid"]}"'}


@contextmanager
def serving() -> Iterator[FakeHub]:
    """A hub on a free port of this machine, until the block ends."""
    # They register what it answers.
    from tests.hub import fake_hugging_face, fake_modelscope  # noqa: F401

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
            if self.command == "PUT" and token is None:
                token = TOKEN  # the address of a blob is signed
            try:
                body = (
                    b""
                    if any(each.status == CUT and each.path in self.path and each.times for each in hub.failures)
                    else None
                )
                body = self.rfile.read(length) if body is None else body
                status, content, headers = hub.answer(self.command, self.path, token, body)
            except ConnectionAbortedError:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._send(status, content if isinstance(content, bytes) else json.dumps(content).encode(), headers)

        do_HEAD = do_POST = do_PUT = do_GET

        def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub = FakeHub(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
