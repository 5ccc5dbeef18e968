"""Cross entropy and its weighted and smoothed forms."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from adaseq.errors import ModelError
from adaseq.metainfo import Losses
from adaseq.modules.losses.base import SingleLabelLoss, require_classes
from adaseq.modules.losses.class_weights import Weights, class_weights
from adaseq.registry import LOSSES
from adaseq.utils.ranges import Rate


@LOSSES.register(Losses.CROSS_ENTROPY)
class CrossEntropy(SingleLabelLoss):
    """The negative log-probability of the right class."""

    def __init__(self) -> None:
        super().__init__()

    def item_losses(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What each item costs, and ones."""
        losses = cross_entropy(logits, targets, reduction="none")
        return losses, torch.ones_like(losses)


@LOSSES.register(Losses.WEIGHTED_CROSS_ENTROPY, supplied=("classes", "class_counts"))
class WeightedCrossEntropy(SingleLabelLoss):
    """Cross entropy in which classes weigh differently; the mean is weighted too.

    Args:
        weights: a weight for each class by its name (a tag may be meant by its type; the others weigh 1), a list in the
            order of the classes, or how to compute them from the training data: `inverse` to the frequency of a class,
            `inverse-sqrt` to its root, `effective` (Cui et al. 2019, 'Class-balanced loss').
        classes: the names of the classes.
        class_counts: how often each class is in the training data.
    """

    weight: Tensor

    def __init__(
        self,
        weights: Weights = "inverse-sqrt",
        classes: list[str] | None = None,
        class_counts: list[int] | None = None,
    ) -> None:
        super().__init__()
        names = require_classes(classes, Losses.WEIGHTED_CROSS_ENTROPY)
        self.register_buffer("weight", class_weights(weights, names, class_counts))

    def item_losses(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What each item costs, weighted, and its weight."""
        weights = self.weight[targets]
        return weights * cross_entropy(logits, targets, reduction="none"), weights


@LOSSES.register(Losses.LABEL_SMOOTHING)
class LabelSmoothing(SingleLabelLoss):
    """Cross entropy against the truth mixed with the uniform distribution (Szegedy et al. 2016).

    Args:
        smoothing: the share of the uniform distribution.
    """

    def __init__(self, smoothing: Rate = 0.1) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise ModelError(f"loss.smoothing must be at least 0 and less than 1; received {smoothing}")
        self.smoothing = smoothing

    def item_losses(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What each item costs, and ones."""
        losses = cross_entropy(logits, targets, reduction="none", label_smoothing=self.smoothing)
        return losses, torch.ones_like(losses)
