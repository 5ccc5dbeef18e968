"""Scores of spans from queries of their first and keys of their last words."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from adaseq.modules.encoders.transformer import rotate

# The score of every span before anything is learned: nearly none is an entity.
_FIRST_SCORE = -4.0


class PointerVectors(NamedTuple):
    """What scores are made of.

    Attributes:
        queries: of first words, `(B, heads, L, D)`.
        keys: of last words, the same.
        starts: what a first word adds for each type, `(B, L, K)`.
        ends: what a last word adds, the same.
    """

    queries: Tensor
    keys: Tensor
    starts: Tensor
    ends: Tensor

    def block(self, first: int, last: int) -> PointerVectors:
        """Those of the cells in the rows from `first` to before `last`, and in the columns from `first` on."""
        return PointerVectors(
            self.queries[:, :, first:last], self.keys[:, :, first:], self.starts[:, first:last], self.ends[:, first:]
        )


class Pointer(nn.Module):
    """The scores of all spans for all types (Su et al. 2022, 'Global pointer').

    Args:
        input_size: the width of the word vectors.
        width: D, that of queries and keys.
        num_types: K.
        is_efficient: all types share the queries and keys, and differ in what they add for single words (section 3.3);
            otherwise each has its own (section 3.1).
        is_rotary: scores depend on the distance of the words (section 3.2).
    """

    def __init__(self, input_size: int, width: int, num_types: int, is_efficient: bool, is_rotary: bool) -> None:
        super().__init__()
        self.width, self.num_types, self.is_rotary = width, num_types, is_rotary
        self.heads = 1 if is_efficient else num_types
        self.projection = nn.Linear(input_size, 2 * width * self.heads)
        self.types: nn.Linear | None = None
        if is_efficient:
            self.types = nn.Linear(2 * width, 2 * num_types)
            nn.init.constant_(self.types.bias, _FIRST_SCORE)
        else:
            self.type_bias = nn.Parameter(torch.full((num_types,), _FIRST_SCORE))

    def forward(self, words: Tensor) -> PointerVectors:
        """The vectors of `(B, L, H)` words."""
        batch, length, _ = words.shape
        projected = self.projection(words)  # (B, L, heads · 2 · D)
        pairs = projected.view(batch, length, self.heads, 2, self.width).permute(3, 0, 2, 1, 4)
        queries, keys = pairs.unbind(0)
        if self.is_rotary:
            queries, keys = rotate(queries), rotate(keys)
        if self.types is not None:
            starts, ends = (self.types(projected) / 2).chunk(2, -1)
        else:
            starts = ends = (self.type_bias / 2).expand(batch, length, -1)
        return PointerVectors(queries / math.sqrt(self.width), keys, starts, ends)

    def scores(self, vectors: PointerVectors) -> Tensor:
        """The scores `(B, R, K, M)` of each first word with each last word."""
        shared = vectors.queries @ vectors.keys.transpose(2, 3)  # (B, heads, R, M)
        scores = shared.transpose(1, 2) + vectors.starts.unsqueeze(3)  # (B, R, K, M)
        return scores.add_(vectors.ends.transpose(1, 2).unsqueeze(1))
