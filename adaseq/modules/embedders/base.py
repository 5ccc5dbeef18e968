"""What every embedder promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from adaseq.registry import EMBEDDERS, Registry


class Embedder(nn.Module):
    """Turns the tokens of a batch into one vector per word.

    Attributes:
        output_size: H, the width of the vectors.
    """

    registry: ClassVar[Registry] = EMBEDDERS
    output_size: int

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)` of the `tokens` of a batch; those of padding are undefined."""
        raise NotImplementedError

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this embedder, without its weights, from a model folder alone."""
        return dict(block)

    def save_assets(self, folder: Path) -> None:
        """Write what that block refers to into the model folder."""
