"""A split, encoded once and kept in the cache."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.preprocessors.base import Features, Preprocessor
from adaseq.data.store import ArrowStore, ExampleStore

# Changes when the features that are written change, so that older caches are not read.
FORMAT = 1
_CHUNK = 1000


class FeatureDataset:
    """The Features of the Examples of a split, memory-mapped.

    They are computed once for the same data, preprocessor and mode, and found again by a later run.

    Args:
        examples: the split.
        preprocessor: makes the features; a vocabulary must have been fitted.
        training: with labels, truncated; otherwise in windows, nothing lost.
        cache_dir: where the cache is; by default the user's.
    """

    def __init__(
        self, examples: ExampleStore, preprocessor: Preprocessor, training: bool, cache_dir: Path | None = None
    ) -> None:
        self.examples = examples
        self.training = training
        key = f"{FORMAT}{examples.fingerprint}{preprocessor.fingerprint()}{training}"
        fingerprint = hashlib.sha256(key.encode()).hexdigest()
        self._store = ArrowStore.build(fingerprint, lambda: self._rows(preprocessor), cache_dir=cache_dir)
        self.lengths: np.ndarray = self._store.column("cost") if len(self._store) else np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._store)

    def __getitem__(self, index: int) -> Features:
        return {**self._store[index], "index": index}

    def truncation(self) -> dict[str, int]:
        """How many examples were cut to `max_length`, and how many words and labelled spans they lost."""
        lost: Counter[str] = Counter(examples=0, words=0, spans=0)
        if self.training and len(self):
            covered = self._store.column("num_words")
            total = self._store.column("total_words")
            for index in np.flatnonzero(covered < total):
                end = covered[index]
                spans = self.examples[int(index)].spans
                lost.update(examples=1, words=int(total[index] - end), spans=sum(span["end"] > end for span in spans))
        return dict(lost)

    def _rows(self, preprocessor: Preprocessor) -> Iterator[dict[str, Any]]:
        for start in range(0, len(self.examples), _CHUNK):
            chunk = self.examples[start : start + _CHUNK]
            for example, features in zip(chunk, preprocessor.encode(chunk, self.training), strict=True):
                yield {**features, "total_words": len(example.tokens), "cost": max(len(features["input_ids"]), 1)}
