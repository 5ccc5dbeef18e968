"""What every encoder promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import ENCODERS, Lazy, Registry


class Encoder(nn.Module, ABC):
    """Turns word vectors into word vectors that know their context.

    Attributes:
        output_size: the width of the resulting vectors.
    """

    registry: ClassVar[Registry] = ENCODERS
    output_size: int

    @classmethod
    def check_width(cls, arguments: Mapping[str, Any], width: int) -> None:
        """Refuse arguments that do not fit word vectors of some width.

        Args:
            arguments: those of the constructor.
            width: the width of the vectors that the embedder makes.

        Raises:
            ModelError: they do not.
        """
        for name in ("input_size", "input_dim"):
            if arguments.get(name) not in (None, width):
                raise ModelError(
                    f"encoder.{name} is {arguments[name]}, but the word vectors of the embedder are {width} wide; leave it out"
                )

    @abstractmethod
    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """Encode `(B, L, input_size)` to `(B, L, output_size)`; `mask` (B, L) is True for real words."""


def build_encoder(recipe: Lazy[Encoder] | None, embedder: Embedder) -> Encoder | None:
    """The encoder that a configuration describes, for the vectors of an embedder; None if there is none.

    Args:
        recipe: what the constructor of a model received.
        embedder: makes the word vectors.

    Raises:
        ModelError: it is told to expect vectors of another width.
    """
    if recipe is None:
        return None
    check: Any = getattr(recipe.cls, "check_width", None)
    if check is not None:
        check(recipe.arguments, embedder.output_size)
    return recipe.build(input_size=embedder.output_size)
