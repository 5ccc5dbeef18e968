"""From scored cells to the spans of each sentence: candidates by tensor operations, overlaps by sets of bits."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

Nesting = Literal["flat", "nested", "any"]


class Candidates(NamedTuple):
    """Spans that a model proposes, each field `(N,)` long.

    Attributes:
        sentences: which sentence of the batch.
        starts: the first word.
        lasts: the last word.
        classes: the type.
        scores: the higher, the earlier a span is taken.
        probabilities: that it is one.
    """

    sentences: Tensor
    starts: Tensor
    lasts: Tensor
    classes: Tensor
    scores: Tensor
    probabilities: Tensor

    @classmethod
    def join(cls, parts: list[Candidates]) -> Candidates:
        """Those of several blocks."""
        return parts[0] if len(parts) == 1 else cls(*(torch.cat(each) for each in zip(*parts, strict=True)))

    def where(self, chosen: Tensor) -> Candidates:
        """Some of them; `chosen` is `(N,)` bool."""
        return self if bool(chosen.all()) else Candidates(*(each[chosen] for each in self))


class FoundSpan(NamedTuple):
    """A span of a sentence, by its first and last word."""

    start: int
    last: int
    label: int
    probability: float


def best_class_candidates(scores: Tensor, mask: Tensor, start: int) -> Candidates:
    """The cells whose best class is another one than 0, which stands for none.

    Args:
        scores: `(B, R, K, M)` of rows from `start` on and of columns from `start` on.
        mask: `(B, L)` True for real words.
        start: the first row.
    """
    best = scores[:, :, 1:].amax(2)  # (B, R, M)
    sentences, rows, columns = ((best > scores[:, :, 0]) & _is_span(mask, start, scores)).nonzero(as_tuple=True)
    found = scores[sentences, rows, :, columns].float()  # (N, K)
    highest, classes = found[:, 1:].max(1)
    probabilities = (highest - found.logsumexp(1)).exp()
    return Candidates(sentences, rows + start, columns + start, classes, highest, probabilities)


def positive_candidates(scores: Tensor, mask: Tensor, start: int) -> Candidates:
    """The cells and classes with a score above 0; the arguments are those of `best_class_candidates`."""
    is_candidate = (scores > 0) & _is_span(mask, start, scores).unsqueeze(2)
    sentences, rows, classes, columns = is_candidate.nonzero(as_tuple=True)
    found = scores[sentences, rows, classes, columns].float()
    return Candidates(sentences, rows + start, columns + start, classes, found, found.sigmoid())


def take_best(candidates: Candidates, num_sentences: int, nesting: Nesting) -> list[list[FoundSpan]]:
    """The spans of each sentence, the best first taken, less those that do not agree with a better one.

    Args:
        candidates: what is proposed.
        num_sentences: B.
        nesting: `flat`: no word is in two spans; `nested`: a span may lie in another one, but not across it; `any`.

    Returns:
        The spans of each sentence by start, end and type.
    """
    kept: list[list[FoundSpan]] = [[] for _ in range(num_sentences)]
    if not len(candidates.sentences):
        return kept
    order = candidates.scores.argsort(descending=True, stable=True)
    order = order[candidates.sentences[order].argsort(stable=True)]
    columns = [each[order].tolist() for each in candidates]
    sentence, agrees = -1, _AGREES["any"]()
    for row, start, last, label, _, probability in zip(*columns, strict=True):
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


def _is_span(mask: Tensor, start: int, scores: Tensor) -> Tensor:
    """Which cells of a block are spans of real words: `(B, R, M)`."""
    rows = mask[:, start : start + scores.shape[1]]
    return (rows.unsqueeze(2) & mask[:, start:].unsqueeze(1)).triu()
