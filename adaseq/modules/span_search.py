"""From scored cells to the spans of each sentence: candidates by tensor operations, overlaps by sets of bits."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from adaseq.utils.span_choice import FoundSpan, Nesting, keep_best


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


def probable_candidates(scores: Tensor, mask: Tensor, start: int, least: float, is_exclusive: bool) -> Candidates:
    """The cells and classes of at least some probability, whatever else there is.

    Args:
        scores: as of `best_class_candidates`.
        mask: the same.
        start: the same.
        least: the least probability, more than 0.
        is_exclusive: a cell has one class, of which 0 stands for none; otherwise each class is decided by itself.
    """
    scores = scores.float()
    probabilities = scores.softmax(2)[:, :, 1:] if is_exclusive else scores.sigmoid()
    is_candidate = (probabilities >= least) & _is_span(mask, start, scores).unsqueeze(2)
    sentences, rows, classes, columns = is_candidate.nonzero(as_tuple=True)
    found = probabilities[sentences, rows, classes, columns]
    return Candidates(sentences, rows + start, columns + start, classes, found, found)


def take_best(candidates: Candidates, num_sentences: int, nesting: Nesting) -> list[list[FoundSpan]]:
    """The spans of each sentence, the best first taken, less those that do not agree with a better one.

    Args:
        candidates: what is proposed.
        num_sentences: B.
        nesting: `flat`: no word is in two spans; `nested`: a span may lie in another one, but not across it; `any`.

    Returns:
        The spans of each sentence by start, end and type.
    """
    if not len(candidates.sentences):
        return [[] for _ in range(num_sentences)]
    order = candidates.scores.argsort(descending=True, stable=True)
    order = order[candidates.sentences[order].argsort(stable=True)]
    rows, starts, lasts, labels, _, probabilities = (each[order].tolist() for each in candidates)
    return keep_best(zip(rows, starts, lasts, labels, probabilities, strict=True), num_sentences, nesting)


def _is_span(mask: Tensor, start: int, scores: Tensor) -> Tensor:
    """Which cells of a block are spans of real words: `(B, R, M)`."""
    rows = mask[:, start : start + scores.shape[1]]
    return (rows.unsqueeze(2) & mask[:, start:].unsqueeze(1)).triu()
