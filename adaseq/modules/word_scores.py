"""What the words of a span say of it, each by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from adaseq.modules.grid_losses import full_precision


class WordScores(nn.Module):
    """The logarithm of the probability that a word begins an entity of a type, that those behind it continue one, and that the
    word behind the last one does not: of all spans and types.

    With `b` and `c` two linear layers over word vectors, span `i..j` of type `k` gets
    `log s(b_ik) + sum_(i < t <= j) log s(c_tk) + log s(-c_(j+1)k)`, `s` the sigmoid: the score of a segment as a sum over its words
    (Sarawagi and Cohen 2004, 'Semi-Markov conditional random fields for information extraction'). What is learned of 'John' in
    'John Smith' holds for 'John' alone too, whereas a scorer of pairs learns there only that 'John' is no entity.

    Args:
        input_size: H, the width of the word vectors.
        num_types: K.
    """

    def __init__(self, input_size: int, num_types: int) -> None:
        super().__init__()
        self.linear = nn.Linear(input_size, 2 * num_types)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """What each word adds as the first and as the last one of a span, both `(B, L, K)`; their sum is the score.

        Args:
            words: `(B, L, H)`.
            mask: `(B, L)` True for real words; behind the last of them nothing continues.
        """
        begins, continues = full_precision(self.linear(words)).chunk(2, -1)
        so_far = logsigmoid(continues).cumsum(1)
        stops = torch.where(mask.unsqueeze(-1), logsigmoid(-continues), 0.0)
        behind = torch.cat([stops[:, 1:], torch.zeros_like(stops[:, :1])], 1)
        return logsigmoid(begins) - so_far, so_far + behind
