"""Several corpora as one data set."""

from __future__ import annotations

import bisect
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

from adaseq.data.example import Example
from adaseq.data.store.examples import Examples
from adaseq.errors import AdaSeqError, nearest

CORPUS_KEYS = ("corpora", "corpus_name", "weight")
"""The keys of a `dataset` section that are read here."""

_BESIDE_CORPORA = ("corpora", "labels", "task")


class Corpus(NamedTuple):
    """A corpus of a run.

    Attributes:
        name: what its results are called; empty if there is only one corpus.
        weight: how often each of its training examples is seen in an epoch.
        block: its `dataset` section.
    """

    name: str
    weight: float
    block: dict[str, Any]


def corpora_of(dataset: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Corpus]:
    """The corpora of a `dataset` section: a list of blocks, a section with such a list as `corpora`, or a single block.

    Args:
        dataset: the section.

    Raises:
        AdaSeqError: two have the same name, or the section has keys that belong to one of them.
    """
    if isinstance(dataset, Mapping) and dataset.get("corpora") is None:
        for key in ("corpus_name", "weight"):
            if dataset.get(key) is not None:
                raise AdaSeqError(f"dataset.{key} is for one of several corpora: dataset is then a list of them")
        return [Corpus("", 1.0, _own(dataset))]
    if isinstance(dataset, Mapping):
        for key in dataset:
            if key not in _BESIDE_CORPORA:
                raise AdaSeqError(
                    f"dataset.{key} stands beside dataset.corpora{nearest(key, _BESIDE_CORPORA) or ';'} it belongs to one of the "
                    "corpora"
                )
        blocks: Sequence[Mapping[str, Any]] = dataset["corpora"]
    else:
        blocks = dataset
    if not blocks:
        raise AdaSeqError("dataset has no corpora")
    corpora: list[Corpus] = []
    for number, block in enumerate(blocks):
        for key in ("corpora", "labels", "task"):
            if block.get(key) is not None:
                raise AdaSeqError(f"dataset.corpora.{number}.{key}: it stands beside corpora, for all of them")
        name = str(block.get("corpus_name") or _usual_name(block) or f"corpus{number + 1}")
        if block.get("corpus_name") is None:
            name = _not_taken(name, [each.name for each in corpora])
        if any(each.name == name for each in corpora):
            raise AdaSeqError(f"two corpora have the corpus_name '{name}'; their results need names of their own")
        weight = float(1 if block.get("weight") is None else block["weight"])
        if not 0 <= weight < float("inf"):
            raise AdaSeqError(f"the weight of the corpus '{name}' is {weight}; it must be 0 or more")
        corpora.append(Corpus(name, weight, _own(block)))
    return corpora


def common_keys(dataset: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a `dataset` section says about all of its corpora: `labels` and `task`.

    Args:
        dataset: the section.
    """
    return {key: dataset[key] for key in ("labels", "task") if key in dataset} if isinstance(dataset, Mapping) else {}


def _own(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key not in CORPUS_KEYS}


def _usual_name(block: Mapping[str, Any]) -> str:
    """The name of the data set or of the folder or file that a block names."""
    source = block.get("data_file") or block.get("path") or block.get("name") or ""
    while not isinstance(source, str):
        source = next(iter(source.values() if isinstance(source, Mapping) else source), "") or ""
    path = PurePath(source)
    if isinstance(block.get("data_file"), Mapping) and path.parent.name:
        return path.parent.name
    return path.name.partition(".")[0]


def _not_taken(name: str, taken: Sequence[str]) -> str:
    return next(each for each in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if each not in taken)


class JoinedExamples(Examples):
    """The examples of a split of several corpora, one corpus after the other.

    Args:
        parts: those of each corpus, by its name.
        weights: how often the examples of each corpus are seen in an epoch.
    """

    def __init__(self, parts: Mapping[str, Examples], weights: Mapping[str, float]) -> None:
        self.names = list(parts)
        self.weights = [weights[name] for name in self.names]
        self._parts = list(parts.values())
        self._ends: list[int] = np.cumsum([len(each) for each in self._parts]).tolist()
        # The weight decides how often an example is seen, not what it is.
        text = "\n".join(f"{name} {each.fingerprint}" for name, each in parts.items())
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()

    @property
    def parts(self) -> list[Examples]:
        """The examples of each corpus."""
        return self._parts

    @property
    def sizes(self) -> list[int]:
        """How many examples each corpus has."""
        return [len(each) for each in self._parts]

    def corpus_of(self, index: int) -> str:
        """The name of the corpus that an example belongs to.

        Args:
            index: its number.
        """
        return self.names[bisect.bisect_right(self._ends, index)]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Example]:
        return itertools.chain.from_iterable(self._parts)

    def example(self, place: int) -> Example:
        """The example at a place, from 0 to before the length."""
        part = bisect.bisect_right(self._ends, place)
        return self._parts[part][place - (self._ends[part - 1] if part else 0)]
