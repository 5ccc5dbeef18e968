"""What the fake hub answers as ModelScope does."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.hub.fake_hub import NAME, Answer, FakeHub, Repository, route, sha256


def _ms(data: Any) -> Answer:
    return 200, {"Code": 200, "Data": data, "Message": "success", "Success": True}, {}


@route("POST", "/api/v1/models")
def _ms_create(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    asked = json.loads(body)
    name = f"{asked['Path']}/{asked['Name']}"
    if name in hub.repositories:
        return 400, {"Code": 10010101001, "Message": "该名称已被注册使用，请重新命名", "Success": False}, {}
    first = {".gitattributes": b"*.bin filter=lfs\n", "README.md": b"---\n---\n####\n"}
    hub.repositories[name] = Repository(asked["Visibility"] == 1, asked["License"], {"master": first})
    return _ms({"Id": 1, "Path": asked["Path"], "Name": asked["Name"]})


@route("GET", rf"/api/v1/models/{NAME}")
def _ms_info(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, may_see_all: bool) -> Answer:
    if hub.repository(names["name"], may_see_all) is None:
        return 404, {"Code": 10010205001, "Message": "模型不存在", "Success": False}, {}
    owner, name = names["name"].split("/")
    return _ms({"Id": 1, "Path": owner, "Name": name, "Owner": owner})


@route("GET", rf"/api/v1/models/{NAME}/repo/files")
def _ms_files(hub: FakeHub, names: dict[str, str], parameters: Any, body: bytes, may_see_all: bool) -> Answer:
    found = hub.repository(names["name"], may_see_all)
    if found is None or parameters["Revision"] not in found.branches:
        return 404, {"Code": 10010205001, "Message": "模型不存在", "Success": False}, {}
    entries = [
        {"Path": path, "Name": path, "Type": "blob", "Size": len(data), "Sha256": sha256(data)}
        for path, data in found.branches[parameters["Revision"]].items()
    ]
    return _ms({"Files": entries})


@route("POST", rf"/api/v1/repos/models/{NAME}/info/lfs/objects/batch")
def _ms_batch(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
    wanted = [each for each in json.loads(body)["objects"] if each["oid"] not in hub.blobs]
    return _ms(
        {"objects": [{**each, "actions": {"upload": {"href": f"{hub.store}/{each['oid']}"}}} for each in wanted]}
    )


@route("POST", rf"/api/v1/repos/models/{NAME}/commit/(?P<branch>.+)")
def _ms_commit(hub: FakeHub, names: dict[str, str], _: Any, body: bytes, __: bool) -> Answer:
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


@route("GET", rf"/api/v1/models/{NAME}/repo")
def _ms_file(hub: FakeHub, names: dict[str, str], parameters: Any, body: bytes, may_see_all: bool) -> Answer:
    found = hub.repository(names["name"], may_see_all)
    data = found.branches[parameters["Revision"]].get(parameters["FilePath"]) if found else None
    return (200, data, {}) if data is not None else (404, {"Message": "no such file"}, {})
