"""The files and folders that a configuration names: found, made absolute, or reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from adaseq.config.dataset_blocks import dataset_blocks
from adaseq.config.document import Document, Place, walk
from adaseq.errors import nearest
from adaseq.utils.urls import is_url

_LOCAL = ("./", "../", "/", "~", ".\\", "..\\")
_BACKBONES = ("model_name_or_path", "model_dir")
_FILES = ("source_emb_file_path",)
_OUTPUTS: tuple[Place, ...] = (("experiment", "exp_dir"), ("work_dir",))
# A mapping from names to files.
_LISTS = ("gazetteers",)


def resolve_paths(document: Document, base_dirs: Sequence[Path], must_exist: bool) -> None:
    """Make the paths of a configuration absolute where they lead to something.

    Args:
        document: is changed, and told about files that are not there.
        base_dirs: where relative paths may begin, the first choice first.
        must_exist: whether to report what is not there.
    """
    for path in _OUTPUTS:
        value = document.at(path)
        if isinstance(value, str) and value.startswith("~"):
            _set(document.data, path, str(_expanded(value)))
    for path, value, is_local in _named_files(document):
        found = _find(value, base_dirs)
        if found is not None:
            _set(document.data, path, str(found))
        elif must_exist and is_local:
            document.report(path, _not_found(value, base_dirs))


def _named_files(document: Document) -> Iterator[tuple[Place, str, bool]]:
    """The path in the configuration, the value, and whether it can only be something local."""
    blocks = dict(dataset_blocks(document))
    whole = document.at(("dataset",))
    if isinstance(whole, dict):
        blocks[("dataset",)] = whole  # it has labels for all corpora
    for place, dataset in blocks.items():
        for path, value in walk(dataset.get("data_file")):
            if isinstance(value, str) and not is_url(value):
                yield (*place, "data_file", *path), value, True
        if isinstance(dataset.get("labels"), str) and not is_url(dataset["labels"]):
            yield (*place, "labels"), dataset["labels"], True
        if isinstance(dataset.get("path"), str) and not is_url(dataset["path"]):
            name = dataset["path"]
            yield (*place, "path"), name, name.startswith(_LOCAL) or name.count("/") > 1
    for section in ("model", "preprocessor"):
        for path, value in list(walk(document.at((section,)))):
            if path and path[-1] in _BACKBONES and isinstance(value, str) and value:
                yield (section, *path), value, value.startswith(_LOCAL) or value in (".", "..")
            elif path and isinstance(value, str) and (path[-1] in _FILES or path[-2:-1] == _LISTS):
                yield (section, *path), value, True
    folders = document.at(("plugin_dirs",))
    for number, value in enumerate(folders if isinstance(folders, list) else ()):
        if isinstance(value, str):
            yield ("plugin_dirs", number), value, True


def _find(value: str, base_dirs: Sequence[Path]) -> Path | None:
    for base in base_dirs:
        path = base / _expanded(value)
        try:
            if path.exists():
                return path.absolute()
        except (OSError, ValueError):  # a name too long, or with a null character, is no name of a file
            return None
    return None


def _expanded(value: str) -> Path:
    """The path with `~` replaced, where it stands for a folder."""
    try:
        return Path(value).expanduser()
    except RuntimeError:  # there is no such user
        return Path(value)


def _not_found(value: str, base_dirs: Sequence[Path]) -> str:
    path = _expanded(value)
    if path.is_absolute():
        near = _nearest_neighbour(path)
        return f"there is no file or folder '{value}'{near}"
    searched = " nor in ".join(f"'{base.absolute()}'" for base in dict.fromkeys(base_dirs))
    near = next((found for base in base_dirs if (found := _nearest_neighbour(base / path))), "")
    return f"there is no file or folder '{value}' in {searched}{near}"


def _nearest_neighbour(path: Path) -> str:
    try:
        return nearest(path.name, [each.name for each in path.parent.iterdir()])
    except OSError:
        return ""


def _set(data: Any, path: Place, value: str) -> None:
    for part in path[:-1]:
        data = data[part]
    data[path[-1]] = value
