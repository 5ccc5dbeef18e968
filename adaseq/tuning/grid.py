"""The runs of a grid: every list in a configuration where a single value belongs is an axis."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaseq.config import ConfigError, find_config, load_config
from adaseq.config.document import walk
from adaseq.config.reader import read_document
from adaseq.config.substitution import Variables
from adaseq.errors import AdaSeqError

Place = tuple[str | int, ...]

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
        axes = _find_axes(path, document.data)
        experiment = document.data.get("experiment") or {}
        folder = Path(experiment.get("exp_dir") or "experiments/") / str(experiment.get("exp_name") or "unknown")
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


def _find_axes(path: Path, config: Mapping[str, Any]) -> list[Axis]:
    """Put one value in the place of each list that is refused, until none is."""
    found: list[Axis] = []
    while True:
        try:
            load_config(path, [_override(axis.path, axis.values[0]) for axis in found], check_files=False)
            return sorted(found, key=lambda axis: _order(config, axis.place))
        except ConfigError as error:
            refused = {problem.path for problem in error.problems}
            lists = [
                Axis(place, tuple(value))
                for place, value in _lists(config)
                if ".".join(map(str, place)) in refused and all(place != axis.place for axis in found)
            ]
            if not lists:
                raise
            empty = [axis.path for axis in lists if not axis.values]
            if empty:
                raise AdaSeqError(f"{path}: nothing to try in the empty list under {', '.join(empty)}") from None
            found += lists


def _lists(config: Mapping[str, Any]) -> Iterator[tuple[Place, list[Any]]]:
    """All lists, the outer before the inner."""
    for place, value in walk(config):
        if isinstance(value, list):
            yield place, value


def _order(config: Mapping[str, Any], place: Place) -> int:
    return [at for at, _ in walk(config)].index(place)


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
