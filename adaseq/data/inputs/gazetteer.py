"""Lists of names, and where they are found in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from adaseq.errors import DataError

# Outside; begin, inside and end of a name; a name of one word.
OUTSIDE, BEGIN, INSIDE, END, SINGLE = range(5)


class Gazetteer:
    """A list of names. White space between words does not count, so that it fits words and characters alike.

    Args:
        names: the names.
        lowercase: find them in any case.
    """

    def __init__(self, names: Iterable[str], lowercase: bool = False) -> None:
        self.lowercase = lowercase
        self.names = sorted({name for name in map(self._normal, names) if name})
        self._known = set(self.names)
        self._longest = max(map(len, self.names), default=0)

    @classmethod
    def read(cls, path: Path, lowercase: bool = False) -> Gazetteer:
        """Read a file with one name per line.

        Raises:
            DataError: it is not there, or not UTF-8.
        """
        try:
            return cls(path.read_text(encoding="utf-8-sig").splitlines(), lowercase)
        except OSError as error:
            raise DataError(f"the gazetteer cannot be read: {error.strerror}", path) from None
        except UnicodeDecodeError as error:
            raise DataError(f"not UTF-8 ({error.reason} at byte {error.start})", path) from None

    def match(self, words: Sequence[str]) -> np.ndarray:
        """For each word whether it begins, continues, ends or is a name; the longest names from left to right."""
        found = np.zeros(len(words), np.int32)
        parts = [self._normal(word) for word in words]
        start = 0
        while start < len(parts):
            end = self._longest_from(parts, start)
            if end - start == 1:
                found[start] = SINGLE
            elif end > start:
                found[start], found[start + 1 : end - 1], found[end - 1] = BEGIN, INSIDE, END
            start = max(end, start + 1)
        return found

    def _longest_from(self, parts: list[str], start: int) -> int:
        """The end of the longest name that begins at a word; `start` if there is none."""
        text, best = "", start
        for end in range(start, len(parts)):
            text += parts[end]
            if len(text) > self._longest:
                break
            if text in self._known:
                best = end + 1
        return best

    def _normal(self, text: str) -> str:
        text = "".join(text.split())
        return text.lower() if self.lowercase else text
