"""Fewer examples of a split: a share or a number of them, chosen by a seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaseq.data.sources.local import SPLITS
from adaseq.data.store.examples import ExampleStore
from adaseq.errors import AdaSeqError, nearest

SAMPLE_KEYS = ("sample",)
"""The keys of a `dataset` section that are read here."""


def sample_splits(
    splits: Mapping[str, ExampleStore], sample: Mapping[str, Any] | None, seed: int
) -> tuple[dict[str, ExampleStore], list[str]]:
    """The splits with as many examples as are wanted, and what to say about it.

    Args:
        splits: the splits.
        sample: for each split a share (0.1) or a number (500) of examples; `seed` decides which ones.
        seed: the seed if `sample` names none.

    Raises:
        AdaSeqError: it names no split, or neither a share nor a number.
    """
    chosen, notes = dict(splits), []
    wanted = {name: value for name, value in (sample or {}).items() if name != "seed" and value is not None}
    own_seed = (sample or {}).get("seed")
    for name, value in wanted.items():
        if name not in SPLITS:
            raise AdaSeqError(
                f"dataset.sample has no split '{name}'{nearest(name, SPLITS) or ';'} splits: {', '.join(SPLITS)}"
            )
        if name not in splits:
            raise AdaSeqError(f"dataset.sample.{name}: there is no {name} split to choose from")
        total = len(splits[name])
        count = _count(name, value, total)
        if count < total:
            random = np.random.default_rng((seed if own_seed is None else own_seed, SPLITS.index(name)))
            chosen[name] = splits[name].select(np.sort(random.permutation(total)[:count]))
        notes.append(f"{name}: {min(count, total)} of {total} examples chosen by dataset.sample")
    return chosen, notes


def _count(name: str, value: Any, total: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise AdaSeqError(
            f"dataset.sample.{name} is {value!r}; it must be a share such as 0.1, or a number of examples"
        )
    if isinstance(value, int):
        return value
    if value > 1:
        raise AdaSeqError(
            f"dataset.sample.{name} is {value}; a share is at most 1.0, and a number of examples is whole"
        )
    return max(round(total * value), 1)
