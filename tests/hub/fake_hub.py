"""A hub on this machine that answers as Hugging Face and as ModelScope do, and fails when it is told to."""

from __future__ import annotations

import base64
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

import yaml

TOKEN = "hf_token0123456789secret"
LARGE = 4096
CUT = -1
"""Instead of a status: the connection breaks."""

_Answer = tuple[int, Any, dict[str, str]]


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

    def answer(self, method: str, address: str, token: str | None, body: bytes) -> _Answer:
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


_ROUTES: list[tuple[str, str, Callable[..., _Answer]]] = []
_NAME = r"(?P<name>[^/]+/[^/]+?)"


def _route(method: str, pattern: str) -> Callable[[Callable[..., _Answer]], Callable[..., _Answer]]:
    def register(handle: Callable[..., _Answer]) -> Callable[..., _Answer]:
        _ROUTES.append((method, pattern, handle))
        return handle

    return register


# As Hugging Face


def _hf_missing(may_see_all: bool) -> _Answer:
    if not may_see_all:
        return 401, {"error": "Repository not found"}, {"X-Error-Message": "Repository not found"}
    return 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"}


@_route("POST", "/api/repos/create")
def _hf_create(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    asked = json.loads(body)
    name = f"{asked['organization']}/{asked['name']}"
    if name in hub.repositories:
        return 409, {"error": "You already created this model repo", "url": f"{hub.address}/{name}"}, {}
    hub.repositories[name] = Repository(asked.get("visibility") == "private", branches={"main": {}})
    return 200, {"url": f"{hub.address}/{name}", "id": name}, {}


@_route("GET", rf"/api/models/{_NAME}(?:/revision/(?P<branch>[^/]+))?")
def _hf_info(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, may_see_all: bool) -> _Answer:
    found, branch = hub.repository(names["name"], may_see_all), names.get("branch") or "main"
    if found is None:
        return _hf_missing(may_see_all)
    if branch not in found.branches:
        return 404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}
    return 200, {"id": names["name"], "sha": found.oid(branch), "private": found.is_private, "siblings": []}, {}


@_route("GET", rf"/api/models/{_NAME}/tree/(?P<branch>[^/]+)")
def _hf_tree(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, may_see_all: bool) -> _Answer:
    found = hub.repository(names["name"], may_see_all)
    if found is None:
        return _hf_missing(may_see_all)
    files = _hf_state(found, names["branch"])
    if files is None:
        return 404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}
    entries: list[dict[str, Any]] = []
    for path, data in files.items():
        entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": git_id(data)}
        if is_large(path, data):
            entry |= {
                "oid": git_id(b"pointer" + data),
                "lfs": {"oid": sha256(data), "size": len(data), "pointerSize": 130},
            }
        entries.append(entry)
    return 200, entries, {}


def _hf_state(found: Repository, revision: str) -> dict[str, bytes] | None:
    """The files at a branch, or at the state that a branch is in."""
    return next((files for branch, files in found.branches.items() if revision in (branch, found.oid(branch))), None)


@_route("POST", rf"/api/models/{_NAME}/branch/(?P<branch>[^/]+)")
def _hf_branch(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    branches = hub.repositories[names["name"]].branches
    if names["branch"] in branches:
        return 409, {"error": "Reference already exists"}, {}
    branches[names["branch"]] = dict(branches["main"])
    return 201, {}, {}


@_route("POST", "/api/validate-yaml")
def _hf_validate(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    metadata = re.match(r"---\n(.*?)\n---\n", json.loads(body)["content"], re.DOTALL)
    content = yaml.safe_load(metadata[1]) if metadata else None
    if not isinstance(content, dict):
        return 400, {"errors": [{"message": "no metadata"}]}, {}
    return 200, {"errors": [], "warnings": []}, {}


@_route("POST", rf"/api/models/{_NAME}/preupload/(?P<branch>[^/]+)")
def _hf_preupload(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    there = hub.files(names["name"], names["branch"])
    answers = []
    for file in json.loads(body)["files"]:
        data = there.get(file["path"])
        large = is_large(file["path"], file["size"])
        oid = None if data is None else sha256(data) if large else git_id(data)
        mode = "lfs" if large else "regular"
        answers.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return 200, {"files": answers}, {}


@_route("POST", rf"/{_NAME}\.git/info/lfs/objects/batch")
def _hf_batch(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    answers = []
    for each in json.loads(body)["objects"]:
        answer: dict[str, Any] = {"oid": each["oid"], "size": each["size"]}
        if each["oid"] not in hub.blobs:
            answer["actions"] = {"upload": {"href": f"{hub.store}/{each['oid']}?X-Amz-Signature=signed"}}
        answers.append(answer)
    return 200, {"transfer": "basic", "objects": answers}, {}


@_route("POST", rf"/api/models/{_NAME}/commit/(?P<branch>[^/]+)")
def _hf_commit(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    found = hub.repositories[names["name"]]
    files = found.branches[names["branch"]]
    for line in body.splitlines():
        operation = json.loads(line)
        value = operation["value"]
        if operation["key"] == "header":
            found.messages.append(value["summary"])
        elif operation["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif operation["key"] == "lfsFile":
            files[value["path"]] = hub.blobs[value["oid"]]
        elif operation["key"] == "deletedFile":
            del files[value["path"]]
    oid = found.oid(names["branch"])
    return 200, {"commitUrl": f"{hub.address}/{names['name']}/commit/{oid}", "commitOid": oid}, {}


def _hf_resolve(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, may_see_all: bool) -> _Answer:
    found = hub.repository(names["name"], may_see_all)
    if found is None:
        return _hf_missing(may_see_all)
    files = _hf_state(found, names["branch"])
    if files is None or names["path"] not in files:
        return 404, b"", {"X-Error-Code": "EntryNotFound"}
    data = files[names["path"]]
    headers = {"X-Repo-Commit": names["branch"], "ETag": f'"{git_id(data)}"'}
    if not is_large(names["path"], data):
        return 200, data, headers
    linked = {"X-Linked-ETag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data))}
    return 302, b"", {**headers, **linked, "Location": f"{hub.store}/{sha256(data)}"}


for _method in ("HEAD", "GET"):
    _route(_method, rf"/{_NAME}/resolve/(?P<branch>[^/]+)/(?P<path>.+)")(_hf_resolve)


# As ModelScope


def _ms(data: Any) -> _Answer:
    return 200, {"Code": 200, "Data": data, "Message": "success", "Success": True}, {}


@_route("POST", "/api/v1/models")
def _ms_create(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    asked = json.loads(body)
    name = f"{asked['Path']}/{asked['Name']}"
    if name in hub.repositories:
        return 400, {"Code": 10010101001, "Message": "该名称已被注册使用，请重新命名", "Success": False}, {}
    first = {".gitattributes": b"*.bin filter=lfs\n", "README.md": b"---\n---\n####\n"}
    hub.repositories[name] = Repository(asked["Visibility"] == 1, asked["License"], {"master": first})
    return _ms({"Id": 1, "Path": asked["Path"], "Name": asked["Name"]})


@_route("GET", rf"/api/v1/models/{_NAME}")
def _ms_info(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, may_see_all: bool) -> _Answer:
    if hub.repository(names["name"], may_see_all) is None:
        return 404, {"Code": 10010205001, "Message": "模型不存在", "Success": False}, {}
    owner, name = names["name"].split("/")
    return _ms({"Id": 1, "Path": owner, "Name": name, "Owner": owner})


@_route("GET", rf"/api/v1/models/{_NAME}/repo/files")
def _ms_files(hub: FakeHub, names: dict[str, str], parameters: Any, body: bytes, may_see_all: bool) -> _Answer:
    found = hub.repository(names["name"], may_see_all)
    if found is None or parameters["Revision"] not in found.branches:
        return 404, {"Code": 10010205001, "Message": "模型不存在", "Success": False}, {}
    entries = [
        {"Path": path, "Name": path, "Type": "blob", "Size": len(data), "Sha256": sha256(data)}
        for path, data in found.branches[parameters["Revision"]].items()
    ]
    return _ms({"Files": entries})


@_route("POST", rf"/api/v1/repos/models/{_NAME}/info/lfs/objects/batch")
def _ms_batch(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    wanted = [each for each in json.loads(body)["objects"] if each["oid"] not in hub.blobs]
    return _ms(
        {"objects": [{**each, "actions": {"upload": {"href": f"{hub.store}/{each['oid']}"}}} for each in wanted]}
    )


@_route("POST", rf"/api/v1/repos/models/{_NAME}/commit/(?P<branch>.+)")
def _ms_commit(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    found = hub.repositories[names["name"]]
    asked = json.loads(body)
    files = dict(found.branches.get(names["branch"], {}))
    for action in asked["actions"]:
        if action["action"] == "delete":
            del files[action["path"]]
        elif action["type"] == "lfs":
            files[action["path"]] = hub.blobs[action["sha256"]]
        else:
            files[action["path"]] = base64.b64decode(action["content"])
    found.branches[names["branch"]] = files
    found.messages.append(asked["commit_message"])
    return _ms({"CommitId": found.oid(names["branch"])})


@_route("GET", rf"/api/v1/models/{_NAME}/repo")
def _ms_file(hub: FakeHub, names: dict[str, str], parameters: Any, body: bytes, may_see_all: bool) -> _Answer:
    found = hub.repository(names["name"], may_see_all)
    data = found.branches[parameters["Revision"]].get(parameters["FilePath"]) if found else None
    return (200, data, {}) if data is not None else (404, {"Message": "no such file"}, {})


# The store of blobs of both


@_route("PUT", r"/blobs/(?P<oid>\w+)")
def _put_blob(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    assert sha256(body) == names["oid"]
    hub.blobs[names["oid"]] = body
    return 200, {"Code": 200}, {}


@_route("GET", r"/blobs/(?P<oid>\w+)")
def _get_blob(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> _Answer:
    return 200, hub.blobs[names["oid"]], {"ETag": f'"{names["oid"]}"'}


@contextmanager
def serving() -> Iterator[FakeHub]:
    """A hub on a free port of this machine, until the block ends."""

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
