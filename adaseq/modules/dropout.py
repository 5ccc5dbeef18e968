"""Dropout of whole words."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WordDropout(nn.Module):
    """Sets whole word vectors to zero in training; the others are not rescaled.

    Args:
        rate: the share of words.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"the rate of word dropout must be at least 0 and less than 1, received {rate}")
        self.rate = rate

    def forward(self, words: Tensor) -> Tensor:
        """Drop words of `(B, L, H)`."""
        if not self.training or self.rate == 0:
            return words
        kept = torch.rand(words.shape[:-1], device=words.device) >= self.rate
        return words * kept.unsqueeze(-1)
