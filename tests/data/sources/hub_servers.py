"""The two hubs on this machine: their addresses, redirects, ranges and refusals, for data sets."""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from http.server import BaseHTTPRequestHandler

from tests.data.sources.web_server import File, WebServer, send

TOKEN = "hub-token-s3cret"


class Hub(WebServer):
    """A hub with data sets.

    Attributes:
        repositories: for each data set and revision its files.
        private: data sets for which a token is needed.
        failures: answers that come first, whatever is asked for.
        cuts: after how many bytes the connection breaks while a file is sent.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.repositories: dict[tuple[str, str], dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.failures: list[int] = []
        self.cuts: list[int] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        self.requests.append((handler.path, dict(handler.headers.items())))
        if self.failures:
            return send(handler, self.failures.pop(0), {}, b'{"Message": "failed", "error": "failed"}')
        path, _, query = handler.path.partition("?")
        return self.route(handler, urllib.parse.unquote(path), dict(urllib.parse.parse_qsl(query)))

    def route(self, handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        """Answer a request for a path."""
        raise NotImplementedError

    def is_allowed(self, handler: BaseHTTPRequestHandler, name: str) -> bool:
        """Whether a request may see a data set."""
        return name not in self.private or handler.headers.get("Authorization") == f"Bearer {TOKEN}"


def send_json(handler: BaseHTTPRequestHandler, value: object, status: int = 200, **headers: str) -> None:
    """Send a JSON answer."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    send(handler, status, {"Content-Type": "application/json", **named}, json.dumps(value).encode())


class HuggingFace(Hub):
    """Serves as huggingface.co does; large files lie behind a redirect."""

    def route(self, handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        """Answer a request for a path."""
        if path.startswith("/cdn/"):
            return self.send_file(handler, File(self.files[path].content, etag=self.files[path].etag, cuts=self.cuts))
        if path.startswith("/api/datasets/"):
            name, _, rest = path.removeprefix("/api/datasets/").partition("/tree/")
            if not rest:
                name, _, rest = path.removeprefix("/api/datasets/").partition("/revision/")
            files = self.find(handler, name, rest or "main")
            if files is None:
                return None
            if "/tree/" in path:
                entries = [{"type": "file", "path": f, "size": len(c), "oid": sha1(c)} for f, c in files.items()]
                return send_json(handler, entries)
            siblings = [{"rfilename": file} for file in files]
            return send_json(handler, {"id": name, "sha": version(files), "siblings": siblings})
        name, _, rest = path.removeprefix("/datasets/").partition("/resolve/")
        files = self.find(handler, name, rest)
        if files is None:
            return None
        file = next((each for each in files if rest.endswith("/" + each)), None)
        if file is None:
            return send_json(handler, {"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound")
        content, etag = files[file], f'"{sha1(files[file])}"'
        about = {"X-Repo-Commit": version(files), "ETag": etag}
        if file.endswith(".parquet"):
            self.files[f"/cdn/{sha1(content)}"] = File(content, etag=etag)
            # Another host, as in the wild; the client goes there for the content alone.
            elsewhere = self.url(f"/cdn/{sha1(content)}").replace("127.0.0.1", "localhost")
            about.update(
                {
                    "Location": elsewhere,
                    "X-Linked-Etag": etag,
                    "X-Linked-Size": str(len(content)),
                }
            )
            return send(handler, 302, about, b"")
        return self.send_file(
            handler, File(content, headers=about, etag=etag, cuts=[] if handler.command == "HEAD" else self.cuts)
        )

    def find(self, handler: BaseHTTPRequestHandler, name: str, revision: str) -> dict[str, bytes] | None:
        """The files of a data set; None if a refusal was sent."""
        names = {known for known, _ in self.repositories}
        if name not in names or not self.is_allowed(handler, name):
            error = {"X_Error_Code": "RepoNotFound", "X_Error_Message": "Repository not found"}
            send_json(
                handler,
                {"error": "Repository not found"},
                404 if handler.headers.get("Authorization") else 401,
                **error,
            )
            return None
        for (known, each), files in self.repositories.items():
            if known == name and (revision == each or revision.startswith((f"{each}/", version(files)))):
                return files
        send_json(handler, {"error": "Invalid rev"}, 404, X_Error_Code="RevisionNotFound")
        return None


class ModelScope(Hub):
    """Serves as modelscope.cn does."""

    def route(self, handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        """Answer a request for a path."""
        name, _, rest = path.removeprefix("/api/v1/datasets/").partition("/repo")
        files = self.repositories.get((name, query.get("Revision", "master")))
        if files is None or not self.is_allowed(handler, name):
            status = 404 if files is None else 403
            return send_json(handler, {"Code": status, "Message": "not for you", "Success": False}, status)
        if rest == "/tree":
            entries = [
                {"Path": file, "Name": file, "Type": "blob", "Size": len(c), "Sha256": hashlib.sha256(c).hexdigest()}
                for file, c in files.items()
            ]
            page = entries if query.get("PageNumber", "1") == "1" else []
            return send_json(
                handler, {"Code": 200, "Data": {"Files": page, "TotalCount": len(entries)}, "Success": True}
            )
        file = query.get("FilePath", "")
        if file not in files:
            return send_json(handler, {"Code": 404, "Message": "no such file", "Success": False}, 404)
        return self.send_file(handler, File(files[file], cuts=[] if handler.command == "HEAD" else self.cuts))


def sha1(content: bytes) -> str:
    """What a hub calls a version."""
    return hashlib.sha1(content).hexdigest()


def version(files: dict[str, bytes]) -> str:
    """The commit of a repository with these files."""
    return sha1(b"".join(name.encode() + content for name, content in files.items()))
