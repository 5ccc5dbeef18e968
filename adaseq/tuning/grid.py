"""The runs of a grid: every list in a configuration where a single value belongs is an axis."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaseq.config import Config, ConfigError, find_config, load_config
from adaseq.config.document import Document, Place, walk
from adaseq.config.reader import read_document
from adaseq.config.substitution import Variables
from adaseq.errors import AdaSeqError

_LONGEST_NAME = 80


@dataclass(frozen=True)
class Axis:
    """One hyper-parameter and the values to try.

    Args:
        place: where it stands in the configuration.
        values: the values.
    """

    place: Place
    values: tuple[Any, ...]

    @property
    def path(self) -> str:
        """The place with dots: `train.optimizer.lr`."""
        return ".".join(map(str, self.place))


@dataclass(frozen=True)
class Trial:
    """One run of a grid.

    Args:
        name: the name of the run, made of what is special about it.
        overrides: what differs from the file, as `--set` takes it.
        config: the whole configuration.
    """

    name: str
    overrides: tuple[str, ...]
    config: dict[str, Any]


@dataclass(frozen=True)
class Grid:
    """A configuration file with axes.

    Args:
        config_path: the file.
        folder: the folder of the experiment, which the runs share.
        axes: what is varied.
        trials: the runs; the last axis changes fastest.
    """

    config_path: Path
    folder: Path
    axes: list[Axis]
    trials: list[Trial]

    @classmethod
    def read(cls, config_path: str | os.PathLike[str]) -> Grid:
        """Read a file whose lists are axes.

        A list is an axis where the configuration takes no list: `lr: [1e-5, 5e-5]`, `seed: [42, 43]`. Where it takes one, as
        for `dilation`, a list of lists is.

        Raises:
            ConfigError: some combination of values is no valid configuration.
        """
        path = find_config(config_path)
        document = read_document(path, Variables(os.environ))
        if document.problems:
            raise ConfigError(document.problems)
        axes, config = _find_axes(path, document)
        folder = Path(config.experiment.exp_dir) / config.experiment.exp_name
        return cls(path, folder, axes, list(_trials(document.data, axes)))

    def check(self) -> None:
        """Check the configuration of every run.

        Raises:
            AdaSeqError: the first that is wrong, and why.
        """
        for trial in self.trials:
            try:
                load_config(self.config_path, trial.overrides)
            except ConfigError as error:
                raise AdaSeqError(f"the run {trial.name} of the grid is impossible. {error}") from None


def _find_axes(path: Path, document: Document) -> tuple[list[Axis], Config]:
    """Put one value in the place of each list that is refused, until none is; the axes, and the configuration at their origin."""
    places = [place for place, value in walk(document.data) if isinstance(value, list)]
    found: list[Axis] = []
    while True:
        try:
            config = load_config(path, [_override(axis.path, axis.values[0]) for axis in found], check_files=False)
            return sorted(found, key=lambda axis: places.index(axis.place)), config
        except ConfigError as error:
            # Where they are written: their paths are those of today, which are not always those of the file.
            refused = {(problem.line, problem.column) for problem in error.problems}
            wrong = [
                _outermost(document, place)
                for place in places
                if (document.values[place].line, document.values[place].column) in refused
            ]
            known = {axis.place for axis in found}
            lists = [
                Axis(place, _different(document.at(place))) for place in dict.fromkeys(wrong) if place not in known
            ]
            if not lists:
                raise
            empty = [axis.path for axis in lists if not axis.values]
            if empty:
                raise AdaSeqError(f"{path}: nothing to try in the empty list under {', '.join(empty)}") from None
            found += lists


def _outermost(document: Document, place: Place) -> Place:
    """The list of lists that a list is one of; else its own place."""
    outer = document.at(place[:-1])
    return place[:-1] if isinstance(outer, list) and all(isinstance(each, list) for each in outer) else place


def _different(values: list[Any]) -> tuple[Any, ...]:
    """The values without those that have been there: two runs cannot have one name."""
    by_name: dict[str, Any] = {}
    for value in values:
        by_name.setdefault(_written(value), value)
    return tuple(by_name.values())


def _trials(config: dict[str, Any], axes: list[Axis]) -> Iterator[Trial]:
    short = [_short_name(axis, axes) for axis in axes]
    for values in itertools.product(*(axis.values for axis in axes)):
        changed = deepcopy(config)
        for axis, value in zip(axes, values, strict=True):
            target: Any = changed
            for part in axis.place[:-1]:
                target = target[part]
            target[axis.place[-1]] = value
        name = ",".join(f"{key}={_written(value)}" for key, value in zip(short, values, strict=True))
        overrides = tuple(_override(axis.path, value) for axis, value in zip(axes, values, strict=True))
        yield Trial(_file_name(name) if name else "single", overrides, changed)


def _override(path: str, value: Any) -> str:
    return f"{path}={json.dumps(value, ensure_ascii=False).replace('$', '$$')}"


def _short_name(axis: Axis, axes: list[Axis]) -> str:
    """As many of the last keys as it takes to tell the axis from the others."""
    for length in range(1, len(axis.place) + 1):
        own = axis.place[-length:]
        if sum(other.place[-length:] == own for other in axes) == 1:
            return ".".join(map(str, own))
    return axis.path


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _file_name(name: str) -> str:
    """The name without what file systems refuse; shortened by a digest, so that no two names become one."""
    clean = re.sub(r"[^\w.,=+-]+", "_", name)
    if clean == name and len(name) <= _LONGEST_NAME:
        return name
    return f"{clean[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
