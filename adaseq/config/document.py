"""A configuration as plain Python values that remember where they were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from typing import Any

from adaseq.config.problems import Problem, dotted

Place = tuple[str | int, ...]
KEY = "[key]"
"""At the end of a path in `Document.texts`: how the key itself was written."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something is written; see `Problem`."""

    file: str | None
    line: int | None = None
    column: int | None = None


@dataclass
class Document:
    """A configuration, the places of its values, and the problems found so far.

    Args:
        data: mappings, lists and scalars.
        name: the file as the user named it; None if the configuration was given as a dict.
        values: where the value at each path begins.
        keys: where the key of each path is written.
        texts: how plain scalars that are not text were written: `1e-3`, `007`.
        problems: what is wrong.
        warnings: what works, but not as it seems.
        rewrites: what was brought from another spelling into that of today, without a change of meaning.
    """

    data: Any = None
    name: str | None = None
    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)
    texts: dict[Place, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    rewrites: list[Problem] = field(default_factory=list)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Document:
        """A configuration given as a dict: nothing has a place, and text is taken as it is."""
        return cls(data=plain(mapping))

    def report(self, path: Place, message: str, at_key: bool = False) -> None:
        """Note a problem.

        Args:
            path: the value that it is about.
            message: what is wrong with it.
            at_key: point at the key instead of the value.
        """
        self.problems.append(self.placed(path, message, at_key))

    def warn(self, path: Place, message: str) -> None:
        """Note a warning about the key of a path."""
        self.warnings.append(self.placed(path, message, at_key=True))

    def rewrote(self, path: Place, message: str) -> None:
        """Note that what a key says is brought into the spelling of today; to be called before it is."""
        self.rewrites.append(self.placed(path, message, at_key=True))

    def at(self, path: Place) -> Any:
        """The value at a path, or None."""
        value = self.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def move(self, old: Place, new: Place) -> None:
        """Let everything under one path be found under another too, where it has been moved."""
        for table in (self.values, self.keys, self.texts):
            for path in [path for path in table if path[: len(old)] == old]:
                table[new + path[len(old) :]] = table[path]  # type: ignore[assignment]

    def placed(self, path: Place, message: str, at_key: bool = True) -> Problem:
        """A message with the place of what it is about."""
        mark = self._mark(path, at_key)
        return Problem(dotted(path), mark.file, mark.line, mark.column, message)

    def _mark(self, path: Place, at_key: bool) -> Mark:
        if at_key and path in self.keys:
            return self.keys[path]
        if path in self.values:
            return self.values[path]
        for end in range(len(path) - 1, 0, -1):  # a key that is missing: point at the section it is missing from
            for table in (self.keys, self.values):
                if path[:end] in table:
                    return table[path[:end]]
        return Mark(self.name)


def plain(value: Any) -> Any:
    """A deep copy made of dicts, lists and scalars alone, as YAML can hold it."""
    if isinstance(value, Mapping):
        return {key if type(key) in (str, int) else str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        # The order that a set happens to have is another each time.
        return sorted(map(plain, value), key=str)
    if isinstance(value, Enum):
        return plain(value.value)
    if hasattr(value, "tolist") and not isinstance(value, type):  # of numpy: a number, a text, an array
        return value.tolist()
    return str(value) if isinstance(value, PurePath) else value


def walk(value: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value in a configuration with its path, the outer ones first."""
    yield path, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from walk(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from walk(each, (*path, index))
