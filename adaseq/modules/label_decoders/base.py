"""What every label decoder promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn

from adaseq.registry import LABEL_DECODERS, Registry


class LabelDecoder(nn.Module, ABC):
    """Decides which labels hold together, for items that may have any number of them."""

    registry: ClassVar[Registry] = LABEL_DECODERS

    @abstractmethod
    def logits(self, scores: Tensor) -> Tensor:
        """The logits of the labels, `(N, K)`, that the loss and the prediction are made of, from the scores of the labels one by
        one, `(N, K)`."""

    def forward(self, scores: Tensor) -> Tensor:
        """The logits of the labels, `(N, K)`, from the scores of the labels one by one, `(N, K)`."""
        return self.logits(scores)

    def portable_config(self, block: dict[str, Any] | str) -> dict[str, Any]:
        """The configuration block that rebuilds this decoder, without its weights, from a model folder alone."""
        return {"type": block} if isinstance(block, str) else dict(block)
