"""Splitters: raw text into words, each with its place in the text."""

from __future__ import annotations

import functools
import re
import unicodedata
from abc import ABC, abstractmethod
from typing import ClassVar

from adaseq.metainfo import Splitters
from adaseq.registry import SPLITTERS, Registry

# Scripts that do not separate words by blanks, as ranges of a regular expression: Han with its extensions, kana, bopomofo.
IDEOGRAPHS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)

Pieces = tuple[list[str], list[tuple[int, int]]]


class Splitter(ABC):
    """Cuts raw text into the words that a model labels."""

    registry: ClassVar[Registry] = SPLITTERS

    @abstractmethod
    def split(self, text: str) -> Pieces:
        """Cut a text.

        Args:
            text: any text.

        Returns:
            The words, none of them empty or with white space in it, and for each its `(start, end)` in the text.
        """


class PatternSplitter(Splitter):
    """A splitter whose words are the matches of a regular expression."""

    @property
    @abstractmethod
    def pattern(self) -> re.Pattern[str]:
        """What a word looks like."""

    def split(self, text: str) -> Pieces:
        """Cut a text; see `Splitter.split`."""
        offsets = [match.span() for match in self.pattern.finditer(text)]
        return [text[start:end] for start, end in offsets], offsets


@SPLITTERS.register(Splitters.CHAR)
class CharSplitter(PatternSplitter):
    """Every character but white space is a word: for Chinese and Japanese."""

    pattern = re.compile(r"\S")


@SPLITTERS.register(Splitters.BLANK)
class BlankSplitter(PatternSplitter):
    """White space separates words: for text that was tokenised before."""

    pattern = re.compile(r"\S+")


@SPLITTERS.register(Splitters.WORD)
class WordSplitter(PatternSplitter):
    """Words of letters and digits, single punctuation marks and symbols, and each ideograph by itself.

    A number stays together with the separators inside it (`3.14`, `1,000`, `12:30`), and a combining mark with what it
    belongs to. `@user` and `#tag` keep their sign; a contraction is cut around its apostrophe: `don`, `'`, `t`.
    """

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a word looks like."""
        return _word_pattern()


@functools.cache
def _word_pattern() -> re.Pattern[str]:
    marks = f"[{_marks()}\u200c\u200d]"
    number = r"\d+(?:[.,:]\d+)+"
    letters = rf"(?:(?<!\w)[@#])?(?:[^\W{IDEOGRAPHS}]{marks}*)+"
    return re.compile(rf"{number}|{letters}|\S{marks}*")


def _marks() -> str:
    """The combining marks of Unicode, as ranges of a regular expression; `\\w` does not match them."""
    ranges: list[list[int]] = []
    for code in (*range(0x300, 0x1F000), *range(0xE0100, 0xE01F0)):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in ranges)
