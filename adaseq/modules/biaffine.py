"""Scores of pairs of vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad


class Biaffine(nn.Module):
    """A bilinear form for each class: `s[i, k, j] = [x_i; 1]' W_k [y_j; 1]` (Dozat and Manning 2017, eq. 5).

    Args:
        input_size: D, the width of the vectors.
        num_classes: K.
        bias: the ones at the ends of the vectors, which let a class depend on one of them alone, or on none.
    """

    def __init__(self, input_size: int, num_classes: int, bias: bool = True) -> None:
        super().__init__()
        self.input_size, self.bias = input_size, bias
        size = input_size + bias
        # The class, the second vector, the first one: so that it need not be copied to be multiplied with the first.
        self.weight = nn.Parameter(torch.empty(num_classes, size, size))
        nn.init.normal_(self.weight, std=1 / size)
        if bias:
            with torch.no_grad():
                self.weight[:, -1, -1] = 0

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The scores `(B, R, K, M)` of each of `(B, R, D)` with each of `(B, M, D)`."""
        batch, rows, _ = first.shape
        num_classes, size, _ = self.weight.shape
        if self.bias:
            # Ones beside the vectors: parts of the weight would each have a gradient of the size of the whole.
            first, second = pad(first, (0, 1), value=1.0), pad(second, (0, 1), value=1.0)
        # One product for all classes: the second vectors are never copied for each of them.
        projected = linear(first, self.weight.view(num_classes * size, size)).view(batch, rows * num_classes, size)
        return torch.bmm(projected, second.transpose(1, 2)).view(batch, rows, num_classes, second.shape[1])


class Projection(nn.Module):
    """What turns word vectors into those of one role: a linear layer, an activation, dropout.

    Args:
        input_size: the width of the word vectors.
        output_size: the width of the result.
        activation: elu, gelu or none.
        dropout: on the result.
    """

    def __init__(self, input_size: int, output_size: int, activation: str = "elu", dropout: float = 0.0) -> None:
        super().__init__()
        self.linear = nn.Linear(input_size, output_size)
        self.activation = {"elu": nn.ELU, "gelu": nn.GELU, "none": nn.Identity}[activation]()
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Tensor) -> Tensor:
        """From `(B, L, H)` to `(B, L, D)`."""
        return self.dropout(self.activation(self.linear(words)))
