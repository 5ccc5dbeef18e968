"""One vector for a text from those of its words."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Mode = Literal["first", "mean", "max", "attention"]


class Pooling(nn.Module):
    """Makes the vector of a text; padding never counts.

    `first` takes the vector of the piece that stands for the whole text, the mean of several where the text was cut into
    windows, and that of the first word where there is no such piece. `attention` weighs the words by a learned score (Yang et
    al. 2016, 'Hierarchical attention networks', eqs. 5–7).

    Args:
        mode: first, mean, max or attention.
        input_size: H.
    """

    def __init__(self, mode: Mode, input_size: int) -> None:
        super().__init__()
        self.mode = mode
        if mode == "attention":
            self.projection = nn.Linear(input_size, input_size)
            self.query = nn.Linear(input_size, 1, bias=False)

    def forward(self, words: Tensor, text_mask: Tensor, summary_mask: Tensor) -> Tensor:
        """The vectors of texts `(B, H)`; zeros for a text without words.

        Args:
            words: `(B, L, H)`.
            text_mask: `(B, L)` True for the words of the text.
            summary_mask: `(B, L)` True for those that stand for all of it.
        """
        if self.mode == "first":
            first = text_mask & (text_mask.long().cumsum(1) == 1)
            return mean(words, summary_mask | (first & ~summary_mask.any(1, keepdim=True)))
        if self.mode == "mean":
            return mean(words, text_mask)
        if self.mode == "max":
            return maximum(words, text_mask)
        scores = self.query(torch.tanh(self.projection(words))).squeeze(-1).float()  # (B, L)
        weights = scores.masked_fill(~text_mask, torch.finfo(scores.dtype).min).softmax(1) * text_mask
        return torch.einsum("bl,blh->bh", weights.to(words.dtype), words)


def mean(words: Tensor, mask: Tensor) -> Tensor:
    """The mean over some words, from `(B, L, H)` to `(B, H)`; zeros where there is none."""
    kept = words.masked_fill(~mask.unsqueeze(-1), 0.0)
    sums = kept.sum(1, dtype=torch.float32) / mask.sum(1, keepdim=True).clamp(min=1)
    return sums.to(words.dtype)


def maximum(words: Tensor, mask: Tensor) -> Tensor:
    """The maximum over some words, from `(B, L, H)` to `(B, H)`; zeros where there is none."""
    highest = words.masked_fill(~mask.unsqueeze(-1), torch.finfo(words.dtype).min).amax(1)
    return highest.masked_fill(~mask.any(1, keepdim=True), 0.0)
