"""From the vector of a text to the scores of labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """A linear layer, with another one and tanh before it if that is asked for (as in BERT's own classification head).

    Args:
        input_size: the width of the vectors.
        num_labels: K.
        dropout: before each layer.
        hidden_size: the width between the layers; None for a single layer.
    """

    def __init__(self, input_size: int, num_labels: int, dropout: float = 0.0, hidden_size: int | None = None) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(input_size, hidden_size) if hidden_size is not None else None
        self.linear = nn.Linear(hidden_size or input_size, num_labels)

    def forward(self, vectors: Tensor) -> Tensor:
        """Scores `(B, K)` of vectors `(B, H)`."""
        vectors = self.dropout(vectors)
        if self.hidden is not None:
            vectors = self.dropout(torch.tanh(self.hidden(vectors)))
        return self.linear(vectors)
