"""From the name of a model to a folder: a local folder, a copy in a cache, or a download, in this order."""

from __future__ import annotations

import os
import re
from pathlib import Path

from adaseq.errors import HubError, nearest
from adaseq.models.configuration_file import CONFIGURATION_FILE, OLD_WEIGHTS_FILE, WEIGHTS_FILE
from adaseq.utils.huggingface_client import HuggingFaceModels
from adaseq.utils.model_hubs import MODELSCOPE_OWNERS, ModelHub
from adaseq.utils.modelscope_client import ModelScopeModels

HUBS: dict[str, ModelHub] = {"huggingface": HuggingFaceModels(), "modelscope": ModelScopeModels()}

_ID = re.compile(r"[\w.-]+/[\w.-]+(?:@[\w][\w./-]*)?")
_PREFIX = re.compile(r"([A-Za-z_]{2,}):(.*)", re.DOTALL)


def resolve_model(name: str | os.PathLike[str]) -> Path:
    """The folder of a model.

    Args:
        name: a folder; or a model on a hub: `huggingface:owner/name`, `modelscope:owner/name`, or `owner/name`, which is
            looked for on both; `owner/name@revision` is the model at a branch, tag or commit. A local copy is taken without
            asking the hub. A name that can only be a path is never looked for on a hub.

    Raises:
        HubError: there is no such folder or model; the message names every place that was tried.
    """
    folder = Path(os.path.expanduser(name))
    if os.path.isdir(folder):
        return folder
    text = os.fspath(name)
    prefixed = _PREFIX.fullmatch(text) if isinstance(name, str) else None
    if prefixed and prefixed[1] not in HUBS:
        raise HubError(
            f"'{text}': there is no hub '{prefixed[1]}'{nearest(prefixed[1], HUBS) or '.'} Known: {', '.join(HUBS)}; or give "
            "the path of a folder."
        )
    if prefixed:
        return _fetch(prefixed[2], [HUBS[prefixed[1]]], text)
    if not isinstance(name, str) or _can_only_be_a_path(text):
        raise HubError(_no_such_folder(folder))
    hubs = [HUBS["modelscope"]] if text.split("/")[0] in MODELSCOPE_OWNERS else list(HUBS.values())
    return _fetch(text, hubs, text)


def _fetch(model_id: str, hubs: list[ModelHub], name: str) -> Path:
    if not _ID.fullmatch(model_id):
        raise HubError(f"'{name}': the name of a model on a hub is 'owner/name'; received '{model_id}'.")
    model_id, _, revision = model_id.partition("@")
    for hub in hubs:
        cached = hub.find_cached(model_id, revision or None)
        if cached is not None and _is_complete(cached):
            return cached
    titles = " or ".join(hub.title for hub in hubs)
    tried = [f"there is no local folder '{name}'", f"no complete copy in the cache of {titles}"]
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        raise HubError(f"The model '{name}' was not found: {'; '.join(tried)}; HF_HUB_OFFLINE forbids to look further.")
    for hub in hubs:
        try:
            return hub.download(model_id, revision or None)
        except HubError as error:
            tried.append(f"{hub.title}: {str(error).rstrip('.')}")
    raise HubError(
        f"The model '{name}' was not found: {'; '.join(tried)}. Give the path of a model folder, or the model's name on a "
        "hub as 'huggingface:owner/name' or 'modelscope:owner/name'."
    )


def _is_complete(folder: Path) -> bool:
    """Whether an earlier download got as far as the weights."""
    has_weights = any((folder / file).is_file() for file in (WEIGHTS_FILE, OLD_WEIGHTS_FILE))
    return has_weights and (folder / CONFIGURATION_FILE).is_file()


def _can_only_be_a_path(name: str) -> bool:
    """Whether it cannot be `owner/name`, or its first part is a folder here, so that a path must be meant."""
    return (
        not _ID.fullmatch(name)
        or name.startswith(".")
        or Path(name).parts[0] == "~"
        or os.path.isdir(Path(name).parent)
    )


def _no_such_folder(folder: Path) -> str:
    if os.path.exists(folder):
        return f"'{folder}' is a file. Give the folder of a model: the one that holds configuration.json."
    if not os.path.isdir(folder.parent):
        return f"There is no model folder '{folder}': there is no folder '{folder.parent}' either."
    neighbours = [each.name for each in folder.parent.iterdir() if each.is_dir()]
    return f"There is no model folder '{folder}'{nearest(folder.name, neighbours) or '.'}"
