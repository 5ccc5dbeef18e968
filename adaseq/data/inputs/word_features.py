"""Hand-made features of words: shape, affixes, names of a list."""

from __future__ import annotations

import hashlib
import json
import logging
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.inputs.base import Features, InputEncoder
from adaseq.data.inputs.gazetteer import SINGLE, Gazetteer
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Inputs
from adaseq.registry import INPUTS

logger = logging.getLogger(__name__)

UNKNOWN = 0
_FILE = "word_features.json"
_SHAPES = {"Lu": "X", "Lt": "X", "Ll": "x", "Lm": "x", "Lo": "c", "Nd": "d", "Nl": "d", "No": "d"}


@INPUTS.register(Inputs.WORD_FEATURES)
class WordFeatureInput(InputEncoder):
    """For each word F ids, one for each feature.

    Args:
        shape: the kinds of its characters, equal neighbours once: `Xx-d` for `Covid-19`.
        prefixes: the lengths of prefixes.
        suffixes: the lengths of suffixes.
        gazetteers: files of names, one per line, by a name of the list.
        gazetteer_lowercase: find names in any case.
        min_count: affixes and shapes rarer than this in the training data are unknown.
    """

    def __init__(
        self,
        shape: bool = True,
        prefixes: list[int] | None = None,
        suffixes: list[int] | None = None,
        gazetteers: dict[str, str] | None = None,
        gazetteer_lowercase: bool = False,
        min_count: int = 2,
    ) -> None:
        self.shape, self.min_count = shape, min_count
        self.prefixes, self.suffixes = prefixes or [], suffixes or []
        if any(length < 1 for length in (*self.prefixes, *self.suffixes)):
            raise AdaSeqError("the lengths of prefixes and suffixes must be at least 1")
        self.gazetteers = {
            name: Gazetteer.read(Path(path), gazetteer_lowercase) for name, path in (gazetteers or {}).items()
        }
        self._unmet = dict(gazetteers or {})  # the lists of which no name has been counted
        self._tables: list[dict[str, int]] | None = None
        self._counts: list[Counter[str]] = [Counter() for _ in self._values("")]

    @property
    def is_fitted(self) -> bool:
        """Whether the values of the features are known."""
        return self._tables is not None

    def count(self, words: Sequence[str]) -> None:
        """Count the values of a sentence."""
        for word in words:
            for counter, value in zip(self._counts, self._values(word), strict=True):
                counter[value] += 1
        for name in [name for name in self._unmet if self.gazetteers[name].match(words).any()]:
            del self._unmet[name]

    def finish(self) -> None:
        """Number the values of each feature, the most frequent first; warn of lists that tell nothing."""
        tables = []
        for counter in self._counts:
            kept = [value for value, count in counter.items() if count >= self.min_count]
            kept.sort(key=lambda value, counts=counter: (-counts[value], value))  # type: ignore[misc]
            tables.append({value: number for number, value in enumerate(kept, UNKNOWN + 1)})
            counter.clear()
        self._tables = tables
        for name, path in self._unmet.items():
            names = self.gazetteers[name].names
            logger.warning(
                "gazetteers.%s: none of its %d names occurs in the training data%s; each line of %s must be a name and nothing else",
                name,
                len(names),
                f", such as '{names[-1]}'" if names else "",
                path,
            )

    def encode(self, sentences: Sequence[Sequence[str]], training: bool) -> list[Features]:
        """`feature_ids` int32 `(L * F,)`, for each word its F features."""
        tables = self._tables or []
        known: dict[str, list[int]] = {}
        encoded = []
        for words in sentences:
            rows = []
            for word in words:
                ids = known.get(word)
                if ids is None:
                    values = self._values(word)
                    ids = [table.get(value, UNKNOWN) for table, value in zip(tables, values, strict=True)]
                    known[word] = ids
                rows.append(ids)
            table = np.asarray(rows, np.int32).reshape(len(words), len(tables))
            matches = [gazetteer.match(words) for gazetteer in self.gazetteers.values()]
            table = np.concatenate([table, *(match[:, None] for match in matches)], axis=1)
            encoded.append({"feature_ids": table.reshape(-1).astype(np.int32)})
        return encoded

    def collate(self, features: Sequence[Features], longest: int) -> dict[str, np.ndarray]:
        """`feature_ids` `(B, L, F)` int64."""
        width = len(self._tables or ()) + len(self.gazetteers)
        table = np.zeros((len(features), longest * width), np.int64)
        for target, each in zip(table, features, strict=True):
            target[: len(each["feature_ids"])] = each["feature_ids"]
        return {"feature_ids": table.reshape(len(features), longest, width)}

    def fingerprint(self) -> str:
        """Changes with the values, the names and the options."""
        return hashlib.sha256(json.dumps(self._state()).encode()).hexdigest()

    def save(self, folder: Path) -> None:
        """Write the values and the names."""
        (folder / _FILE).write_text(json.dumps(self._state(), ensure_ascii=False) + "\n", encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Read them again."""
        state = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        self._tables = [{value: number for number, value in enumerate(each, 1)} for each in state["values"]]
        self.gazetteers = {each["name"]: Gazetteer(each["names"], each["lowercase"]) for each in state["gazetteers"]}

    def supplies(self) -> dict[str, Any]:
        """How many ids each feature has."""
        sizes = [1 + len(table) for table in self._tables or ()]
        return {"feature_sizes": sizes + [1 + SINGLE] * len(self.gazetteers)}

    def _state(self) -> dict[str, Any]:
        return {
            "options": [self.shape, self.prefixes, self.suffixes],
            "values": [list(table) for table in self._tables or ()],
            "gazetteers": [
                {"name": name, "lowercase": each.lowercase, "names": each.names}
                for name, each in self.gazetteers.items()
            ],
        }

    def _values(self, word: str) -> list[str]:
        lowered = word.lower()
        values = [word_shape(word)] if self.shape else []
        values += [lowered[:length] for length in self.prefixes]
        return values + [lowered[-length:] for length in self.suffixes]


def word_shape(word: str) -> str:
    """The kinds of a word's characters: X and x for upper and lower case, c for letters without case, d for digits; others
    stand for themselves. Equal neighbours are written once.

    >>> word_shape("Covid-19"), word_shape("U.S."), word_shape("北京")
    ('Xx-d', 'X.X.', 'c')
    """
    shape = ""
    for character in word:
        kind = _SHAPES.get(unicodedata.category(character), character)
        if not shape.endswith(kind):
            shape += kind
    return shape
