"""A split, encoded once and kept in the cache."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.document_context import in_context
from adaseq.data.example import Example
from adaseq.data.preprocessors.base import Features, Preprocessor
from adaseq.data.store.examples import Examples
from adaseq.data.store.rows import ArrowStore
from adaseq.utils.ordered_map import ordered_map, usable_cores

_CHUNK = 1000
_MOST_THREADS = 4


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
        self, examples: Examples, preprocessor: Preprocessor, training: bool, cache_dir: Path | None = None
    ) -> None:
        self.examples = examples
        self.training = training
        key = f"{examples.fingerprint}{preprocessor.fingerprint()}{training}"
        fingerprint = hashlib.sha256(key.encode()).hexdigest()
        self._store = ArrowStore.build(fingerprint, lambda: self._rows(preprocessor), cache_dir=cache_dir)
        self.lengths: np.ndarray = self._store.column("cost") if len(self._store) else np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._store)

    def __getitem__(self, index: int) -> Features:
        return {**self._store[index], "index": index}

    def truncation(self) -> dict[str, int]:
        """How many examples are not seen whole, and how many words and labelled spans they lost."""
        if not len(self):
            return {"examples": 0, "words": 0, "spans": 0}
        words, spans = self._store.column("left_out"), self._store.column("lost_spans")
        return {"examples": int(np.count_nonzero(words)), "words": int(words.sum()), "spans": int(spans.sum())}

    def _rows(self, preprocessor: Preprocessor) -> Iterator[dict[str, Any]]:
        # The code of tokenizers lets other threads run: one chunk is cut into pieces while another is assembled or written.
        workers = min(usable_cores(), _MOST_THREADS) if preprocessor.tokenizer is not None else 1

        def encode(chunk: list[Example]) -> list[tuple[Example, Features]]:
            return list(zip(chunk, preprocessor.encode(chunk, self.training), strict=True))

        extent = preprocessor.context
        examples = self.examples if extent is None else in_context(self.examples, extent)
        for encoded in ordered_map(encode, _chunks(examples), workers):
            for example, features in encoded:
                left_out = _left_out(example, features)
                lost = features.get("lost_spans", _spans_behind(example, len(example.tokens) - left_out))
                cost = max(len(features["input_ids"]), 1)
                yield {**features, "left_out": left_out, "lost_spans": lost, "cost": cost}


def _chunks(examples: Iterable[Example]) -> Iterator[list[Example]]:
    source = iter(examples)
    while chunk := list(itertools.islice(source, _CHUNK)):
        yield chunk


def _left_out(example: Example, features: Features) -> int:
    """How many words of an example its features do not cover."""
    return int(features["left_out"] if "left_out" in features else len(example.tokens) - features["num_words"])


def _spans_behind(example: Example, end: int) -> int:
    """How many spans of an example are not whole if it ends there."""
    return sum(span["end"] > end for span in example.spans) if end < len(example.tokens) else 0
