"""What texts are compared by: words, and for scripts without spaces characters and pairs of them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from adaseq.data.splitters import IDEOGRAPHS

_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")
_RUNS = re.compile(rf"([{IDEOGRAPHS}]+)|([^\W{IDEOGRAPHS}]+)")
# Two texts that share so much of the longer one are the same sentence, written somewhat differently.
_SAME = 0.9


def terms_of(text: str) -> list[str]:
    """The terms of a text in any language: no choice has to be made, and texts may mix scripts.

    Letters and digits that stand together are a term, in lower case; of a run of ideographs each one is a term and each pair of
    neighbours is.

    Args:
        text: the text.
    """
    found: list[str] = []
    for match in _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        run = match[1]
        if run is None:
            found.append(match[2])
        else:
            found += run
            found += [first + second for first, second in pairwise(run)]
    return found


def join_words(words: Sequence[str]) -> str:
    """The text that words spell: a space between them, but none between ideographs.

    Args:
        words: the words.
    """
    parts: list[str] = []
    for word in words:
        if parts and not (_IDEOGRAPH.match(parts[-1][-1:]) and _IDEOGRAPH.match(word[:1])):
            parts.append(" ")
        parts.append(word)
    return "".join(parts)


def is_same(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two texts are the same sentence.

    Args:
        one: the terms of the one.
        other: those of the other.
    """
    first, second = Counter(one), Counter(other)
    longer = max(first.total(), second.total())
    return (first & second).total() >= _SAME * longer
