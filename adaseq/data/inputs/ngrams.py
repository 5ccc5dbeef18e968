"""The n-grams of words, or of characters in text that is split into characters, that a word is part of."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.inputs.base import Features, InputEncoder
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Inputs
from adaseq.registry import INPUTS

UNKNOWN = 0
_BEFORE, _BEHIND = "<s>", "</s>"
_FILE = "ngrams.json"


@INPUTS.register(Inputs.NGRAMS)
class NgramInput(InputEncoder):
    """The ids of the n-grams around each word: for each n those n that contain it, from the one that ends with it on.

    Args:
        sizes: each n.
        min_count: rarer n-grams are unknown.
        lowercase: read words in lower case.
    """

    def __init__(self, sizes: list[int] | None = None, min_count: int = 2, lowercase: bool = False) -> None:
        self.sizes = sizes or [2]
        if min(self.sizes) < 1 or len(set(self.sizes)) < len(self.sizes):
            raise AdaSeqError(f"the sizes of n-grams must be different and at least 1; received {self.sizes}")
        self.min_count, self.lowercase = min_count, lowercase
        self.ngrams: list[str] | None = None
        self._ids: dict[str, int] = {}
        self._counts: Counter[str] = Counter()

    @property
    def is_fitted(self) -> bool:
        """Whether the n-grams are known."""
        return self.ngrams is not None

    def count(self, words: Sequence[str]) -> None:
        """Count the n-grams of a sentence."""
        for size in self.sizes:
            self._counts.update(self._of_size(words, size))

    def finish(self) -> None:
        """Number the n-grams, the most frequent first."""
        kept = [each for each, count in self._counts.items() if count >= self.min_count]
        self._know(sorted(kept, key=lambda each: (-self._counts[each], each)))
        self._counts.clear()

    def encode(self, sentences: Sequence[Sequence[str]], training: bool) -> list[Features]:
        """`ngram_ids` int32 `(L * G,)`, for each word its G n-grams."""
        encoded = []
        for words in sentences:
            columns = []
            for size in self.sizes:
                ids = np.asarray([self._ids.get(each, UNKNOWN) for each in self._of_size(words, size)], np.int32)
                # The n-grams lie on the padded sentence: that which ends with word i begins at i.
                columns += [ids[offset : offset + len(words)] for offset in range(size)]
            encoded.append({"ngram_ids": np.stack(columns, 1).reshape(-1).astype(np.int32)})
        return encoded

    def collate(self, features: Sequence[Features], longest: int) -> dict[str, np.ndarray]:
        """`ngram_ids` `(B, L, G)` int64."""
        width = sum(self.sizes)
        table = np.full((len(features), longest * width), UNKNOWN, np.int64)
        for target, each in zip(table, features, strict=True):
            target[: len(each["ngram_ids"])] = each["ngram_ids"]
        return {"ngram_ids": table.reshape(len(features), longest, width)}

    def fingerprint(self) -> str:
        """Changes with the n-grams and the options."""
        known = json.dumps([self.ngrams, self.sizes, self.lowercase])
        return hashlib.sha256(known.encode()).hexdigest()

    def save(self, folder: Path) -> None:
        """Write the n-grams in the order of their ids."""
        (folder / _FILE).write_text(json.dumps(self.ngrams, ensure_ascii=False) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Read them again."""
        self._know(json.loads((folder / _FILE).read_text(encoding="utf-8")))

    def supplies(self) -> dict[str, Any]:
        """How many ids there are."""
        return {"num_ngrams": 1 + len(self.ngrams or ())}

    def _know(self, ngrams: list[str]) -> None:
        self.ngrams = ngrams
        self._ids = {each: number for number, each in enumerate(ngrams, 1)}

    def _of_size(self, words: Sequence[str], size: int) -> Iterator[str]:
        """The n-grams of one size, in order, of the sentence with marks before and behind it."""
        if self.lowercase:
            words = [word.lower() for word in words]
        padded = [_BEFORE] * (size - 1) + list(words) + [_BEHIND] * (size - 1)
        return (f"{size} {' '.join(padded[i : i + size])}" for i in range(len(padded) - size + 1))
