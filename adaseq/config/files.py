"""The files and folders that a configuration names: found, made absolute, or reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from adaseq.config.document import Document, Place, walk
from adaseq.errors import nearest
from adaseq.utils.urls import is_url

_LOCAL = ("./", "../", "/", "~", ".\\", "..\\")
_BACKBONES = ("model_name_or_path", "model_dir")
_FILES = ("source_emb_file_path",)
# A mapping from names to files.
_LISTS = ("gazetteers",)


def resolve_paths(document: Document, base_dirs: Sequence[Path], must_exist: bool) -> None:
    """Make the paths of a configuration absolute where they lead to something.

    Args:
        document: is changed, and told about files that are not there.
        base_dirs: where relative paths may begin, the first choice first.
        must_exist: whether to report what is not there.
    """
    for path, value, is_local in _named_files(document.data):
        found = _find(value, base_dirs)
        if found is not None:
            _set(document.data, path, str(found))
        elif must_exist and is_local:
            document.report(path, _not_found(value, base_dirs))


def _named_files(data: dict[str, Any]) -> Iterator[tuple[Place, str, bool]]:
    """The path in the configuration, the value, and whether it can only be something local."""
    for place, dataset in _datasets(data):
        for path, value in walk(dataset.get("data_file")):
            if isinstance(value, str) and not is_url(value):
                yield (*place, "data_file", *path), value, True
        if isinstance(dataset.get("labels"), str) and not is_url(dataset["labels"]):
            yield (*place, "labels"), dataset["labels"], True
        if isinstance(dataset.get("path"), str) and not is_url(dataset["path"]):
            name = dataset["path"]
            yield (*place, "path"), name, name.startswith(_LOCAL) or name.count("/") > 1
    for section in ("model", "preprocessor"):
        for path, value in list(walk(data.get(section))):
            if path and path[-1] in _BACKBONES and isinstance(value, str) and value:
                yield (section, *path), value, value.startswith(_LOCAL) or value in (".", "..")
            elif path and isinstance(value, str) and (path[-1] in _FILES or path[-2:-1] == _LISTS):
                yield (section, *path), value, True


def _datasets(data: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The section `dataset`, and the corpora that it lists."""
    dataset = data.get("dataset")
    if isinstance(dataset, dict):
        yield ("dataset",), dataset
        corpora = dataset.get("corpora")
        for number, each in enumerate(corpora if isinstance(corpora, list) else ()):
            if isinstance(each, dict):
                yield ("dataset", "corpora", number), each


def _find(value: str, base_dirs: Sequence[Path]) -> Path | None:
    for base in base_dirs:
        path = base / Path(value).expanduser()
        try:
            if path.exists():
                return path.absolute()
        except (OSError, ValueError):  # a name too long, or with a null character, is no name of a file
            return None
    return None


def _not_found(value: str, base_dirs: Sequence[Path]) -> str:
    path = Path(value).expanduser()
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
