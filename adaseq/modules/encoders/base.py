"""What every encoder promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from adaseq.registry import ENCODERS, Registry


class Encoder(nn.Module, ABC):
    """Turns word vectors into word vectors that know their context.

    Attributes:
        output_size: the width of the resulting vectors.
    """

    registry: ClassVar[Registry] = ENCODERS
    output_size: int

    @abstractmethod
    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """Encode `(B, L, input_size)` to `(B, L, output_size)`; `mask` (B, L) is True for real words."""
