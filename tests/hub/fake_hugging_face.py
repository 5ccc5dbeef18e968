"""What the fake hub answers as Hugging Face does."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import yaml

from tests.hub.fake_hub import NAME, Answer, FakeHub, Repository, git_id, is_large, route, sha256


def _hf_missing(may_see_all: bool) -> Answer:
    if not may_see_all:
        return 401, {"error": "Repository not found"}, {"X-Error-Message": "Repository not found"}
    return 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"}


@route("POST", "/api/repos/create")
def _hf_create(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    asked = json.loads(body)
    name = f"{asked['organization']}/{asked['name']}"
    if name in hub.repositories:
        return 409, {"error": "You already created this model repo", "url": f"{hub.address}/{name}"}, {}
    hub.repositories[name] = Repository(asked.get("visibility") == "private", branches={"main": {}})
    return 200, {"url": f"{hub.address}/{name}", "id": name}, {}


@route("GET", rf"/api/models/{NAME}(?:/revision/(?P<branch>[^/]+))?")
def _hf_info(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, may_see_all: bool) -> Answer:
    found, branch = hub.repository(names["name"], may_see_all), names.get("branch") or "main"
    if found is None:
        return _hf_missing(may_see_all)
    if branch not in found.branches:
        return 404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}
    return 200, {"id": names["name"], "sha": found.oid(branch), "private": found.is_private, "siblings": []}, {}


@route("GET", rf"/api/models/{NAME}/tree/(?P<branch>[^/]+)")
def _hf_tree(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, may_see_all: bool) -> Answer:
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


@route("POST", rf"/api/models/{NAME}/branch/(?P<branch>[^/]+)")
def _hf_branch(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    branches = hub.repositories[names["name"]].branches
    if names["branch"] in branches:
        return 409, {"error": "Reference already exists"}, {}
    branches[names["branch"]] = dict(branches["main"])
    return 201, {}, {}


@route("POST", "/api/validate-yaml")
def _hf_validate(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    metadata = re.match(r"---\n(.*?)\n---\n", json.loads(body)["content"], re.DOTALL)
    content = yaml.safe_load(metadata[1]) if metadata else None
    if not isinstance(content, dict):
        return 400, {"errors": [{"message": "no metadata"}]}, {}
    return 200, {"errors": [], "warnings": []}, {}


@route("POST", rf"/api/models/{NAME}/preupload/(?P<branch>[^/]+)")
def _hf_preupload(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    there = hub.files(names["name"], names["branch"])
    answers = []
    for file in json.loads(body)["files"]:
        data = there.get(file["path"])
        large = is_large(file["path"], file["size"])
        oid = None if data is None else sha256(data) if large else git_id(data)
        mode = "lfs" if large else "regular"
        answers.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return 200, {"files": answers}, {}


@route("POST", rf"/{NAME}\.git/info/lfs/objects/batch")
def _hf_batch(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    answers = []
    for each in json.loads(body)["objects"]:
        answer: dict[str, Any] = {"oid": each["oid"], "size": each["size"]}
        if each["oid"] not in hub.blobs:
            answer["actions"] = {"upload": {"href": f"{hub.store}/{each['oid']}?X-Amz-Signature=signed"}}
        answers.append(answer)
    return 200, {"transfer": "basic", "objects": answers}, {}


@route("POST", rf"/api/models/{NAME}/commit/(?P<branch>[^/]+)")
def _hf_commit(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
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


def _hf_resolve(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, may_see_all: bool) -> Answer:
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
    route(_method, rf"/{NAME}/resolve/(?P<branch>[^/]+)/(?P<path>.+)")(_hf_resolve)
