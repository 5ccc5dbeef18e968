"""Padding squeezed out of a batch, so that recursions over time never touch it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


def runs_in_numpy(device: torch.device) -> bool:
    """Whether loops over time use NumPy: it shares the CPU's memory, and its calls cost half of PyTorch's."""
    return device.type == "cpu"


class Scores(NamedTuple):
    """The scores that define a distribution over tag paths. Minus infinity forbids.

    Args:
        emissions: `(B, L, K)`, or packed `(N, K)`.
        start: scores of the first tags, `(B, K)`.
        end: scores of the last tags, `(B, K)`.
        transitions: scores from tag i to tag j, `(K, K)`.
    """

    emissions: Tensor
    start: Tensor
    end: Tensor
    transitions: Tensor


class Packing:
    """The words of a batch in the order in which a recursion meets them.

    Sentences are sorted by falling length; word 0 of every sentence comes first, then word 1 of every sentence that has
    one, and so on. So the sentences still running at a step are the first `sizes[step]` columns, and the words of a
    step are one slice of the packed tensor of `N` words.

    Args:
        lengths: words of each of the `B` sentences, all at least 1.
        width: the padded length `L` of the batch.
        device: where the index tensors shall live.
    """

    def __init__(self, lengths: Sequence[int], width: int, device: torch.device) -> None:
        self.lengths = list(lengths)
        self.width = width
        self.num_sentences = len(self.lengths)
        unordered = np.array(self.lengths)
        order = (-unordered).argsort(kind="stable")
        ordered = unordered[order]
        is_running = np.arange(ordered[0])[:, None] < ordered  # (steps, B)
        step, column = is_running.nonzero()  # (N,)
        self.sizes: list[int] = is_running.sum(1).tolist()
        self.offsets = [0, *accumulate(self.sizes)]
        offsets = np.array(self.offsets)
        rank = order.argsort()

        def place(index: np.ndarray) -> Tensor:
            return torch.from_numpy(index).to(device, non_blocking=True)

        self.order = place(order)  # (B,) the sentence in each column
        self.rank = place(rank)  # (B,) the column of each sentence
        self.ordered_lengths = place(ordered)  # (B,) by column
        self.column = place(column)  # (N,)
        self.index = place(order[column] * width + step)  # (N,) position in the batch flattened to B * L words
        self.mirror = place(offsets[ordered[column] - 1 - step] + column)  # (N,) the word as far from the other end
        self.previous = place((offsets[step - 1] + column)[self.num_sentences :])  # (N - B,) the word before

    @property
    def last(self) -> Tensor:
        """The packed position of the last word of each column, `(B,)`."""
        return self.mirror[: self.num_sentences]

    def pack(self, padded: Tensor) -> Tensor:
        """`(B, L, …)` → `(N, …)`, always a copy."""
        return padded.reshape(-1, *padded.shape[2:]).index_select(0, self.index)

    def pack_scores(self, scores: Scores) -> tuple[Scores, Tensor]:
        """Packed scores, everything per sentence in the order of the columns.

        Returns:
            The scores, the emissions less the best of their word, hence at most 0; those best ones, `(N,)`.
        """
        emissions = self.pack(scores.emissions)
        best = emissions.amax(1, keepdim=True).clamp_min_(torch.finfo(emissions.dtype).min)
        emissions -= best
        start, end = scores.start.index_select(0, self.order), scores.end.index_select(0, self.order)
        return Scores(emissions, start, end, scores.transitions), best.squeeze(1)

    def unpack(self, packed: Tensor) -> Tensor:
        """`(N, …)` → `(B, L, …)` with zeros in the padding."""
        padded = packed.new_zeros(self.num_sentences * self.width, *packed.shape[1:])
        padded.index_copy_(0, self.index, packed)
        return padded.view(self.num_sentences, self.width, *packed.shape[1:])

    def sum(self, packed: Tensor) -> Tensor:
        """Sums over the words of each sentence in float64: `(N,)` → `(B,)`, in the order of the columns."""
        total = torch.zeros(self.num_sentences, dtype=torch.float64, device=packed.device)
        return total.index_add_(0, self.column, packed.double())

    def position(self, sentences: Tensor, words: Tensor) -> Tensor:
        """The packed positions of words given by sentence and place in it; the places must exist."""
        offsets = torch.tensor(self.offsets, device=words.device)
        return offsets[words] + self.rank[sentences]
