"""Counting more keys than fit into memory: sorted runs, of which all but the last few lie on disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Counted(NamedTuple):
    """Different keys, ascending, and how often each was seen."""

    keys: np.ndarray
    counts: np.ndarray


class KeyCounter:
    """Counts numbers of 64 bits exactly, in bounded memory.

    Args:
        most_in_memory: how many different keys are held at once; what is more is written to files.
        folder: where these are made; by default the system's folder for temporary files.
    """

    def __init__(self, most_in_memory: int = 1 << 22, folder: Path | None = None) -> None:
        self._most = most_in_memory
        self._parent = folder
        self._runs: list[Counted] = []
        self._held = 0
        self._folder: Path | None = None
        self._files: list[tuple[Path, Path]] = []

    def add(self, keys: np.ndarray) -> None:
        """Count some keys.

        Args:
            keys: uint64, in any order, as often as they were seen.
        """
        if not len(keys):
            return
        self._runs.append(Counted(*np.unique(keys, return_counts=True)))
        self._held += len(self._runs[-1].keys)
        if self._held > self._most:
            self._runs = [merged(self._runs)]
            self._held = len(self._runs[0].keys)
            if self._held > self._most // 2:
                self._spill()

    def parts(self, aligned: int = 1) -> Iterator[Counted]:
        """All keys in ascending order, some at a time.

        Args:
            aligned: keys that are equal when divided by this, rounded down, come in the same part.
        """
        runs = [*(Counted(*(np.load(file, mmap_mode="r") for file in pair)) for pair in self._files), *self._runs]
        while any(len(run.keys) for run in runs):
            limit = self._end_of_part(runs, aligned)
            cuts = [len(run.keys) if limit is None else int(np.searchsorted(run.keys, limit)) for run in runs]
            yield merged(
                [Counted(run.keys[:cut], run.counts[:cut]) for run, cut in zip(runs, cuts, strict=True) if cut]
            )
            runs = [Counted(run.keys[cut:], run.counts[cut:]) for run, cut in zip(runs, cuts, strict=True)]

    def close(self) -> None:
        """Remove the files."""
        self._runs, self._files, self._held = [], [], 0
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _spill(self) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="adaseq-counts-", dir=self._parent))
        number = len(self._files)
        files = (self._folder / f"{number}.keys.npy", self._folder / f"{number}.counts.npy")
        for file, values in zip(files, self._runs[0], strict=True):
            np.save(file, values)
        self._files.append(files)
        self._runs, self._held = [], 0

    def _end_of_part(self, runs: list[Counted], aligned: int) -> np.uint64 | None:
        """The key before which the next part ends, so that about as many keys are in it as may be held; None for the end."""
        total = sum(len(run.keys) for run in runs)
        if total <= self._most:
            return None
        step = max(self._most // len(runs), 1)
        base = np.uint64(aligned)
        # No run then has more than its share before the limit, if not all of its keys up to there belong together.
        beyond = [run.keys[step] for run in runs if len(run.keys) > step]
        if not beyond:
            return None
        limit = min(beyond) // base * base
        first = min(run.keys[0] for run in runs if len(run.keys))
        if limit > first:
            return limit
        following = (int(first) // aligned + 1) * aligned
        return np.uint64(following) if following < 1 << 64 else None


def merged(runs: list[Counted]) -> Counted:
    """The sums of some counts."""
    if len(runs) == 1:
        return Counted(np.asarray(runs[0].keys), np.asarray(runs[0].counts))
    keys = np.concatenate([run.keys for run in runs])
    counts = np.concatenate([run.counts for run in runs])
    order = np.argsort(keys, kind="stable")  # fast on runs that are sorted
    keys, counts = keys[order], counts[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    return Counted(keys[starts], np.add.reduceat(counts, starts))
