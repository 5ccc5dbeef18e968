"""Losses over all pairs of words of a sentence, from a sparse list of the cells that are annotated.

Scores of cells are `(B, R, K, M)`: the row (the first word of a pair), the class, the column. Which cells are judged is
`(B, R, M)` bool: padding never is. Everything is computed in float32, so that masks are safe in half precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from adaseq.modules.recomputed import sum_of_parts

# Below any score, and far from what overflows when it is added to one.
_NEVER = -1e30
# How many numbers may be kept of all cells of a batch, until gradients flow back.
MOST_KEPT = 1 << 22
# How many are computed together where it is more: few enough that what is made of them is small beside the encoder.
MOST_AT_ONCE = 1 << 20


class Cells(NamedTuple):
    """The annotated cells of a batch, each `(N,)` long: which sentence, row, column and class."""

    sentences: Tensor
    rows: Tensor
    columns: Tensor
    classes: Tensor

    def of(self, sentences: slice, rows: slice) -> Cells:
        """Those of some sentences and rows, which count from zero again."""
        chosen = (self.sentences >= sentences.start) & (self.sentences < sentences.stop)
        chosen &= (self.rows >= rows.start) & (self.rows < rows.stop)
        return Cells(
            self.sentences[chosen] - sentences.start,
            self.rows[chosen] - rows.start,
            self.columns[chosen],
            self.classes[chosen],
        )


Loss = Callable[[Tensor, Tensor, Cells], Tensor]


def sum_over_grid(
    score: Callable[[slice, slice], Tensor],
    learned: Sequence[Tensor],
    judged: Tensor,
    cells: Cells,
    cell_size: int,
    loss: Loss,
    most: int = MOST_KEPT,
    most_at_once: int = MOST_AT_ONCE,
    splits_rows: bool = False,
) -> Tensor:
    """The sum of a loss over the grids of a batch, in the memory of a part of them.

    Where all of it would be large, the scores of a few sentences, or of a few rows, are computed at a time, judged, and
    computed once more when gradients flow back.

    Args:
        score: the scores of some sentences and rows.
        learned: what they are made of, as far as it is to have gradients: parameters and what was made of others.
        judged: `(B, L, M)` which cells count.
        cells: the annotated cells.
        cell_size: how many numbers are kept of a cell.
        loss: of some cells: their scores, which of them are judged, and the annotated ones.
        most: how many numbers may be kept of all cells.
        most_at_once: how many of a part, if they are more.
        splits_rows: the loss of a sentence is the sum of those of its rows.
    """
    count, num_rows, num_columns = judged.shape
    row_size = max(num_columns * cell_size, 1)
    if count * num_rows * row_size <= most:
        return loss(score(slice(0, count), slice(0, num_rows)), judged, cells)
    num_sentences = max(most_at_once // (num_rows * row_size), 1)
    height = max(most_at_once // row_size, 1) if splits_rows and num_sentences == 1 else num_rows

    def parts() -> Iterator[Tensor]:
        for first, top in product(range(0, count, num_sentences), range(0, num_rows, height)):
            sentences, rows = slice(first, min(first + num_sentences, count)), slice(top, min(top + height, num_rows))
            yield loss(score(sentences, rows), judged[sentences, rows], cells.of(sentences, rows))

    return sum_of_parts(parts, learned)


def softmax_loss(scores: Tensor, judged: Tensor, cells: Cells) -> Tensor:
    """Cross entropy of cells that have exactly one class, of which 0 is that of the cells which are not annotated; the sum.

    A cell that is annotated with several classes is compared with their mixture.
    """
    scores = full_precision(scores)
    normaliser = scores.logsumexp(2)  # (B, R, M)
    total = ((normaliser - scores[:, :, 0]) * judged).sum()
    sentences, rows, columns, classes = cells
    gained = scores[sentences, rows, classes, columns] - scores[sentences, rows, 0, columns]
    return total - (gained * _shares(cells, judged)).sum()


def sigmoid_loss(scores: Tensor, judged: Tensor, cells: Cells) -> Tensor:
    """Binary cross entropy of each class by itself; the sum."""
    scores = full_precision(scores)
    total = (softplus(scores) * judged.unsqueeze(2)).sum()
    sentences, rows, columns, classes = cells
    return total - scores[sentences, rows, classes, columns].sum()


def threshold_loss(scores: Tensor, judged: Tensor, cells: Cells) -> Tensor:
    """The annotated cells of a class above zero, the others below: `log(1 + sum e^s) + log(1 + sum e^-s)`.

    Su et al. 2022, 'Global pointer', eq. 10 (after Sun et al. 2020, 'Circle loss'). The sum over sentences and classes.
    """
    scores = full_precision(scores)
    batch, _, num_classes, _ = scores.shape
    sentences, rows, columns, classes = cells
    positive = scores[sentences, rows, classes, columns]
    others = scores.masked_fill(~judged.unsqueeze(2), _NEVER)
    others = others.index_put((sentences, rows, classes, columns), others.new_tensor(_NEVER))
    negative_part = softplus(others.logsumexp((1, 3)))  # (B, K)
    group = sentences * num_classes + classes
    # log(1 + sum e^-s) of each group, its largest term taken out.
    highest = positive.new_zeros(batch * num_classes).scatter_reduce(0, group, -positive.detach(), "amax")
    terms = (-positive - highest[group]).exp()
    sums = (-highest).exp().index_add(0, group, terms)
    return negative_part.sum() + (highest + sums.log()).sum()


def judged_spans(mask: Tensor, unknown: Tensor | None) -> Tensor:
    """Which spans are judged, `(B, L, L)` by first and last word: those of real words, and of words whose annotation is known.

    Args:
        mask: `(B, L)` True for real words.
        unknown: `(B, L)` True for words that may belong to any entity; None if there are none.
    """
    judged = (mask.unsqueeze(2) & mask.unsqueeze(1)).triu()
    return judged if unknown is None else judged & ~touched(unknown)


def touched(words: Tensor) -> Tensor:
    """For each pair of words whether one of some `(B, L)` words lies between them, ends included: `(B, L, L)`."""
    before = words.cumsum(1)  # (B, L), this word included
    first, last = before.unsqueeze(2) - words.long().unsqueeze(2), before.unsqueeze(1)
    ahead = last - first > 0
    upper = ahead.triu()
    return upper | upper.transpose(1, 2)


def row_blocks(num_rows: int, num_scores: int, most: int = 1 << 24) -> Iterator[tuple[int, int]]:
    """The rows of a grid in blocks, so that the scores of a block are not too many.

    Args:
        num_rows: L.
        num_scores: how many scores a row has, those of all sentences together.
        most: how many a block may have.
    """
    step = max(most // max(num_scores, 1), 1)
    for start in range(0, num_rows, step):
        yield start, min(start + step, num_rows)


def full_precision(scores: Tensor) -> Tensor:
    """Scores in float32 at least: sums over many of them are wrong in half of it."""
    return scores if scores.dtype == torch.float64 else scores.float()


def _shares(cells: Cells, judged: Tensor) -> Tensor:
    """One over the number of classes that each annotated cell has."""
    _, num_rows, num_columns = judged.shape
    place = (cells.sentences * num_rows + cells.rows) * num_columns + cells.columns
    _, inverse, counts = place.unique(return_inverse=True, return_counts=True)
    return 1.0 / counts[inverse]
