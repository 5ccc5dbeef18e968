"""The characters of each word."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.inputs.base import Features, InputEncoder
from adaseq.data.padding import pad_rows
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Inputs
from adaseq.registry import INPUTS

PADDING, UNKNOWN, BEGIN, END = range(4)
_FIRST = 4
_FILE = "characters.json"


@INPUTS.register(Inputs.CHARACTERS)
class CharacterInput(InputEncoder):
    """The ids of the characters of each word, between a mark for its begin and one for its end.

    Of a batch only the different words are kept: `char_ids` (U, C) int64, padded with 0; `char_lengths` (U,); and
    `char_words` (B, L), which of them each word is.

    Args:
        max_length: the most characters of a word; of a longer one the first and the last are kept.
        min_count: characters rarer than this in the training data are unknown.
        lowercase: read words in lower case.
    """

    def __init__(self, max_length: int = 40, min_count: int = 1, lowercase: bool = False) -> None:
        if max_length < 1:
            raise AdaSeqError(f"the max_length of the characters of a word must be at least 1; received {max_length}")
        self.max_length, self.min_count, self.lowercase = max_length, min_count, lowercase
        self.characters: list[str] | None = None
        self._ids: dict[str, int] = {}
        self._counts: Counter[str] = Counter()

    @property
    def is_fitted(self) -> bool:
        """Whether the characters are known."""
        return self.characters is not None

    def count(self, words: Sequence[str]) -> None:
        """Count the characters of a sentence."""
        for word in words:
            self._counts.update(word.lower() if self.lowercase else word)

    def finish(self) -> None:
        """Number the characters, the most frequent first."""
        kept = [each for each, count in self._counts.items() if count >= self.min_count]
        self._know(sorted(kept, key=lambda each: (-self._counts[each], each)))
        self._counts.clear()

    def encode(self, sentences: Sequence[Sequence[str]], training: bool) -> list[Features]:
        """`char_ids` int32 of all words of a sentence, one after the other, and `char_lengths` int32 `(L,)`."""
        known: dict[str, list[int]] = {}
        encoded = []
        for words in sentences:
            rows = []
            for word in words:
                ids = known.get(word)
                if ids is None:
                    ids = known[word] = self._word(word)
                rows.append(ids)
            flat = [i for ids in rows for i in ids]
            encoded.append(
                {
                    "char_ids": np.asarray(flat, np.int32),
                    "char_lengths": np.asarray([len(ids) for ids in rows], np.int32),
                }
            )
        return encoded

    def collate(self, features: Sequence[Features], longest: int) -> dict[str, np.ndarray]:
        """The tensors of a batch; see the class."""
        lengths = np.concatenate([each["char_lengths"] for each in features]).astype(np.int64)
        flat = np.concatenate([each["char_ids"] for each in features])
        table = np.zeros((len(lengths), int(lengths.max(initial=2))), np.int64)
        table[np.arange(table.shape[1]) < lengths[:, None]] = flat
        if len(lengths):
            different, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
            kept, place = lengths[first], place.reshape(-1)
        else:  # empty sentences only: one word that nobody asks for
            different, kept, place = np.asarray([[BEGIN, END]]), np.asarray([2]), np.empty(0, np.int64)
        counts = np.cumsum([len(each["char_lengths"]) for each in features])[:-1]
        return {
            "char_ids": different,
            "char_lengths": kept,
            "char_words": pad_rows(np.split(place, counts), 0, longest),
        }

    def fingerprint(self) -> str:
        """Changes with the characters and the options."""
        known = json.dumps([self.characters, self.max_length, self.lowercase])
        return hashlib.sha256(known.encode()).hexdigest()

    def save(self, folder: Path) -> None:
        """Write the characters in the order of their ids."""
        (folder / _FILE).write_text(json.dumps(self.characters, ensure_ascii=False) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Read them again."""
        self._know(json.loads((folder / _FILE).read_text(encoding="utf-8")))

    def supplies(self) -> dict[str, Any]:
        """How many ids there are."""
        return {"num_characters": _FIRST + len(self.characters or ())}

    def _know(self, characters: list[str]) -> None:
        self.characters = characters
        self._ids = {each: number for number, each in enumerate(characters, _FIRST)}

    def _word(self, word: str) -> list[int]:
        if self.lowercase:
            word = word.lower()
        if len(word) > self.max_length:
            tail = self.max_length // 2
            word = word[: self.max_length - tail] + (word[-tail:] if tail else "")
        return [BEGIN, *(self._ids.get(each, UNKNOWN) for each in word), END]
