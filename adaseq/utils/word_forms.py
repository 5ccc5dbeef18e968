"""Other forms of a word, under which it may be found where it is not found itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

Form = Literal["lowercase", "capitalised", "uppercase", "digits", "normalised"]

_FORMS: dict[str, Callable[[str], str]] = {
    "lowercase": str.lower,
    "capitalised": str.capitalize,
    "uppercase": str.upper,
    "digits": lambda word: re.sub(r"\d", "0", word),
    "normalised": lambda word: unicodedata.normalize("NFKC", word),
}


def other_forms(word: str, names: Sequence[str]) -> Iterator[str]:
    """The forms of a word, in the order of their names, each alone and then all of them one after the other.

    Args:
        word: the word.
        names: `lowercase`, `capitalised`, `uppercase`, `digits` (each digit as 0) or `normalised` (NFKC).
    """
    for name in names:
        yield _FORMS[name](word)
    for name in names:
        word = _FORMS[name](word)
    yield word
