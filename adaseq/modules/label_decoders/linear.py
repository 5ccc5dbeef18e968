"""Labels that know nothing of each other."""

from __future__ import annotations

from torch import Tensor

from adaseq.metainfo import LabelDecoders
from adaseq.modules.label_decoders.base import LabelDecoder
from adaseq.registry import LABEL_DECODERS


@LABEL_DECODERS.register(LabelDecoders.LINEAR)
class IndependentLabels(LabelDecoder):
    """Each label is decided by its own score, that of the model's linear layer."""

    def __init__(self) -> None:
        super().__init__()

    def logits(self, scores: Tensor) -> Tensor:
        """The scores as they are."""
        return scores
