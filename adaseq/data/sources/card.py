"""What the card of a data set (the YAML at the head of its README.md) says about its files and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from adaseq.data.formats.class_names import class_names_in
from adaseq.data.sources.globs import Glob
from adaseq.data.sources.local import ALIASES
from adaseq.errors import DataError, nearest

_FRONT_MATTER = re.compile(r"\A\ufeff?---\s*\n(.*?\n)---\s*(?:\n|\Z)", re.DOTALL)


class Card(NamedTuple):
    """A card, as far as it is about files.

    Attributes:
        patterns: for each subset, the patterns of file names of each split; the split `""` takes the rest.
        default: the subset that is meant if none is named.
        class_names: for each subset, the names of the numbers in its columns.
    """

    patterns: dict[str, dict[str, list[str]]]
    default: str | None
    class_names: dict[str, dict[str, list[str]]]

    def choose(self, subset: str | None, place: object) -> str:
        """The subset to take.

        Args:
            subset: the one that is asked for.
            place: what the data set is called in messages.

        Raises:
            DataError: there is no such subset, or several and none is asked for.
        """
        names = ", ".join(self.patterns)
        if subset is not None and subset not in self.patterns:
            raise DataError(
                f"there is no subset '{subset}'{nearest(subset, self.patterns) or ';'} it has: {names}", place
            )
        chosen = subset or self.default or (next(iter(self.patterns)) if len(self.patterns) == 1 else None)
        if chosen is None:
            raise DataError(f"it has several subsets; name one with dataset.subset_name: {names}", place)
        return chosen


def read_card(text: str) -> Card:
    """The card in a README.

    Args:
        text: the README; without a card, or with a damaged one, the result is empty.
    """
    found = _FRONT_MATTER.match(text)
    try:
        content = yaml.safe_load(found[1]) if found else None
    except (yaml.YAMLError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return Card({}, None, {})
    patterns: dict[str, dict[str, list[str]]] = {}
    default = None
    for config in _mappings(content.get("configs")):
        name = str(config.get("config_name", "default"))
        folder = str(config.get("data_dir") or "").strip("/")
        by_split = dict(_patterns(config.get("data_files"), f"{folder}/" if folder else ""))
        if by_split or folder:
            patterns[name] = by_split or {"": [f"{folder}/**"]}
        if config.get("default") is True or name == "default":
            default = name
    names = {
        str(each.get("config_name", "default")): _class_names(each) for each in _mappings(content.get("dataset_info"))
    }
    return Card(patterns, default if default in patterns else None, names)


def match_files(files: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The files that a card's patterns mean, sorted.

    Args:
        files: all files.
        patterns: `data/train-*.parquet`; `**` goes through folders.
    """
    globs = [Glob(pattern.removeprefix("./")) for pattern in patterns]
    return sorted(file for file in files if any(each.matches(file) for each in globs))


def _mappings(value: Any) -> list[dict[str, Any]]:
    several = value if isinstance(value, list) else [value]
    return [each for each in several if isinstance(each, dict)]


def _patterns(data_files: Any, folder: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(data_files, str):
        yield "", [folder + data_files]
    elif isinstance(data_files, dict):
        for split, paths in data_files.items():
            yield ALIASES.get(str(split), str(split)), _under(folder, paths)
    elif isinstance(data_files, list):
        if texts := [each for each in data_files if isinstance(each, str)]:
            yield "", _under(folder, texts)
        for each in _mappings(data_files):
            split = str(each.get("split", ""))
            yield ALIASES.get(split, split), _under(folder, each.get("path"))


def _under(folder: str, paths: Any) -> list[str]:
    return [f"{folder}{path}" for path in (paths if isinstance(paths, list) else [paths])]


def _class_names(info: dict[str, Any]) -> dict[str, list[str]]:
    features = _mappings(info.get("features"))
    found = {str(each.get("name")): class_names_in({k: v for k, v in each.items() if k != "name"}) for each in features}
    return {name: names for name, names in found.items() if names}
