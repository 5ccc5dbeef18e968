"""Which of the proposed spans of a sentence are kept: the best first, less those that do not agree with a better one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Nesting = Literal["flat", "nested", "any"]


class FoundSpan(NamedTuple):
    """A span of a sentence, by its first and last word."""

    start: int
    last: int
    label: int
    probability: float


def keep_best(
    proposed: Iterable[tuple[int, int, int, int, float]], num_sentences: int, nesting: Nesting
) -> list[list[FoundSpan]]:
    """The spans of each sentence by start, end and type.

    Args:
        proposed: sentence, first word, last word, type and probability of spans; those of a sentence together, the best first.
        num_sentences: B.
        nesting: `flat`: no word is in two spans; `nested`: a span may lie in another one, but not across it; `any`.
    """
    kept: list[list[FoundSpan]] = [[] for _ in range(num_sentences)]
    sentence, agrees = -1, _AGREES["any"]()
    for row, start, last, label, probability in proposed:
        if row != sentence:
            sentence, agrees = row, _AGREES[nesting]()
        if agrees.take(start, last):
            kept[row].append(FoundSpan(start, last, label, probability))
    for spans in kept:
        spans.sort()
    return kept


class _Anything:
    """Takes every span."""

    def take(self, start: int, last: int) -> bool:
        """Whether the span is taken."""
        return True


class _Flat(_Anything):
    """Takes spans none of whose words is taken, and a taken one as another type."""

    def __init__(self) -> None:
        self._words = 0
        self._spans: set[tuple[int, int]] = set()

    def take(self, start: int, last: int) -> bool:
        words = (2 << last) - (1 << start)
        if self._words & words:
            return (start, last) in self._spans
        self._words |= words
        self._spans.add((start, last))
        return True


class _Nested(_Anything):
    """Takes spans that do not cross one which is taken.

    Attributes:
        _starts: for each word the first words of taken spans that go on behind it, as bits.
        _lasts: for each word the last words of taken spans that begin before it, as bits.
    """

    def __init__(self) -> None:
        self._starts: dict[int, int] = {}
        self._lasts: dict[int, int] = {}

    def take(self, start: int, last: int) -> bool:
        behind_start = (2 << last) - (2 << start)  # start + 1 … last
        before_last = (1 << last) - (1 << start)  # start … last - 1
        if self._starts.get(last, 0) & behind_start or self._lasts.get(start, 0) & before_last:
            return False
        for word in range(start, last):
            self._starts[word] = self._starts.get(word, 0) | 1 << start
            self._lasts[word + 1] = self._lasts.get(word + 1, 0) | 1 << last
        return True


_AGREES: dict[Nesting, type[_Anything]] = {"any": _Anything, "flat": _Flat, "nested": _Nested}
