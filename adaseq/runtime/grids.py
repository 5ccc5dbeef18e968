"""Spans among all pairs of words, in numpy: scores of blocks of rows, and what is chosen among them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from adaseq.runtime.heads import Arrays, Prediction, sigmoid
from adaseq.utils.span_choice import Nesting, keep_best

# How many scores are computed at once.
_MOST_SCORES = 1 << 22


class _Found(NamedTuple):
    """Proposed spans, each field `(N,)` long: sentence, first and last word, type, order, probability."""

    sentences: np.ndarray
    starts: np.ndarray
    lasts: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray


class GridHead(ABC):
    """What finds spans in grids of scores; derived classes score.

    Args:
        facts: `labels`; `is_exclusive`, a cell has one class, of which the first stands for none; `nesting`.
        arrays: what scores are made with.
    """

    answers_empty: ClassVar[bool] = False

    def __init__(self, facts: Mapping[str, Any], arrays: Arrays) -> None:
        self.labels: list[str] = facts["labels"]
        self.is_exclusive: bool = facts["is_exclusive"]
        self.nesting: Nesting = facts["nesting"]
        self.num_classes = len(self.labels) + self.is_exclusive
        self.arrays = arrays

    @abstractmethod
    def block(self, outputs: Sequence[np.ndarray], first: int, last: int) -> np.ndarray:
        """The scores `(B, R, K, M)` of rows from `first` to before `last`, and of columns from `first` on."""

    def predictions(self, outputs: Sequence[np.ndarray], batch: Arrays) -> list[Prediction]:
        """See `Head`."""
        mask, places = batch["label_mask"], batch["label_positions"]
        parts = []
        for first, last in _rows(mask.shape[1], mask.size * self.num_classes):
            parts.append(self._candidates(self.block(outputs, first, last), mask, first))
        found = _Found(*(np.concatenate(each) for each in zip(*parts, strict=True)))
        # Between the words of an entity there is no context.
        reach = places[found.sentences, found.lasts] - places[found.sentences, found.starts]
        found = _Found(*(each[reach == found.lasts - found.starts] for each in found))
        order = np.argsort(-found.scores, kind="stable")
        order = order[np.argsort(found.sentences[order], kind="stable")]
        rows, starts, lasts, labels, _, probabilities = (each[order].tolist() for each in found)
        kept = keep_best(zip(rows, starts, lasts, labels, probabilities, strict=True), len(mask), self.nesting)
        predictions = []
        for row, spans in zip(places.tolist(), kept, strict=True):
            told = [
                {"start": row[start], "end": row[last] + 1, "type": self.labels[label], "prob": probability}
                for start, last, label, probability in spans
            ]
            predictions.append({"spans": sorted(told, key=lambda span: (span["start"], span["end"], span["type"]))})
        return predictions

    def _candidates(self, scores: np.ndarray, mask: np.ndarray, first: int) -> _Found:
        rows = mask[:, first : first + scores.shape[1]]
        is_span = np.triu(rows[:, :, None] & mask[:, None, first:])
        if not self.is_exclusive:
            sentences, starts, labels, lasts = np.nonzero((scores > 0) & is_span[:, :, None])
            chosen = scores[sentences, starts, labels, lasts]
            return _Found(sentences, starts + first, lasts + first, labels, chosen, sigmoid(chosen))
        best = scores[:, :, 1:].max(2)
        sentences, starts, lasts = np.nonzero((best > scores[:, :, 0]) & is_span)
        cells = scores[sentences, starts, :, lasts].astype(np.float64)  # (N, K)
        labels = cells[:, 1:].argmax(1)
        highest = cells[np.arange(len(cells)), labels + 1]
        powers = np.exp(cells - cells.max(1, initial=-np.inf, keepdims=True)).sum(1)
        top = cells.max(1, initial=-np.inf)
        return _Found(sentences, starts + first, lasts + first, labels, highest, np.exp(highest - top) / powers)


class BiaffineHead(GridHead):
    """Scores of the biaffine model: the graph gives the vectors of first and of last words, both `(B, T, D)`, and may give what
    these words add for each type, both `(B, T, K)`."""

    def block(self, outputs: Sequence[np.ndarray], first: int, last: int) -> np.ndarray:
        """See `GridHead`, and `adaseq.models.biaffine_ner.SpanScorer`."""
        starts, ends = outputs[0][:, first:last], outputs[1][:, first:]
        weight = self.arrays["biaffine"]  # (K, D, D), with a row and a column more where there are biases
        num_classes, size, _ = weight.shape
        flat = weight.reshape(num_classes * size, size)
        batch, rows, width = starts.shape
        projected = starts @ flat[:, :width].T
        if size > width:
            projected = projected + flat[:, -1]
        projected = projected.reshape(batch, rows * num_classes, size)
        scores = projected[..., :width] @ ends.transpose(0, 2, 1)
        if size > width:
            scores = scores + projected[..., width:]
        by_length = self.arrays["lengths"]  # (K, lengths)
        lengths = np.arange(ends.shape[1]) - np.arange(rows)[:, None]
        by_length = by_length[:, lengths.clip(0, by_length.shape[1] - 1)]  # (K, R, M)
        scores = scores.reshape(batch, rows, num_classes, -1) + by_length.swapaxes(0, 1)
        if len(outputs) > 2:
            scores[:, :, num_classes - len(self.labels) :] += _added(outputs[2], outputs[3], first, last)
        return scores


class PointerHead(GridHead):
    """Scores of the global pointer: the graph gives queries and keys `(B, heads, T, D)`, and what first and last words add,
    `(B, T, K)`."""

    def block(self, outputs: Sequence[np.ndarray], first: int, last: int) -> np.ndarray:
        """See `GridHead`, and `adaseq.modules.pointer.Pointer`."""
        queries, keys, starts, ends = outputs
        shared = queries[:, :, first:last] @ keys[:, :, first:].transpose(0, 1, 3, 2)  # (B, heads, R, M)
        return shared.transpose(0, 2, 1, 3) + _added(starts, ends, first, last)


def _added(starts: np.ndarray, ends: np.ndarray, first: int, last: int) -> np.ndarray:
    """What first and last words add to the scores of a block, `(B, R, K, M)`."""
    return starts[:, first:last, :, None] + ends[:, first:].transpose(0, 2, 1)[:, None]


def _rows(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Blocks of rows of a grid whose scores are computed at once.

    Args:
        length: the number of rows.
        size: how many scores a row has.
    """
    step = max(_MOST_SCORES // max(size, 1), 1)
    for first in range(0, length, step):
        yield first, min(first + step, length)
