"""What every embedder promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from adaseq.metainfo import Inputs
from adaseq.registry import EMBEDDERS, Registry


class Embedder(nn.Module, ABC):
    """Turns the tokens of a batch into one vector per word.

    Attributes:
        output_size: H, the width of the vectors.
    """

    registry: ClassVar[Registry] = EMBEDDERS
    output_size: int

    @abstractmethod
    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)` of the `tokens` of a batch; those of padding are undefined."""

    @classmethod
    def input_block(cls, block: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration block of the input encoder that makes the `tokens` of this embedder.

        Args:
            block: the block of the embedder.
        """
        if block.get("model_name_or_path"):
            return {"type": Inputs.PIECES, "model_dir": block["model_name_or_path"]}
        return {"type": Inputs.WORDS}

    @classmethod
    def parts(cls, block: Mapping[str, Any]) -> list[Mapping[str, Any] | str]:
        """The blocks of the embedders that this one is made of; none for one that reads its tokens itself."""
        return []

    @classmethod
    def width_of(cls, block: Mapping[str, Any]) -> int | None:
        """The width of the vectors of an embedder that is not built yet; None if only building it tells.

        Args:
            block: the block of the embedder, with its defaults.
        """
        return None

    @classmethod
    def check_backbone(cls, block: Mapping[str, Any]) -> None:
        """Refuse options that do not fit the backbone, as far as its configuration tells.

        Args:
            block: the block of the embedder, with its defaults.

        Raises:
            ModelError: some do not.
        """

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this embedder, without its weights, from a model folder alone.

        A `model_name_or_path` that is `.`, or begins with `./`, is a place in the folder.
        """
        return dict(block)

    def save_assets(self, folder: Path) -> None:
        """Write what that block refers to into the model folder."""

    def external_weights(self) -> set[str]:
        """The names of the weights that a model folder leaves out, because building from its block brings them."""
        return set()
