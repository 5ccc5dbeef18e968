"""Losses for classes of very different frequency: focal and dice."""

from __future__ import annotations

import torch
from torch import Tensor

from adaseq.errors import ModelError
from adaseq.metainfo import Losses
from adaseq.modules.losses.base import SingleLabelLoss, require_classes
from adaseq.modules.losses.class_weights import Weights, class_weights
from adaseq.registry import LOSSES
from adaseq.utils.ranges import NonNegative


@LOSSES.register(Losses.FOCAL, supplied=("classes", "class_counts"))
class FocalLoss(SingleLabelLoss):
    """Cross entropy that fades out for items which are right already: `(1 - p)^gamma * -log p` (Lin et al. 2017, eq. 4).

    Args:
        gamma: how fast; 0 is cross entropy.
        weights: the alpha of eq. 5, by name, as a list, or from the counts as in `weighted-cross-entropy`; none by default.
        classes: the names of the classes.
        class_counts: how often each class is in the training data.
    """

    weight: Tensor

    def __init__(
        self,
        gamma: NonNegative = 2.0,
        weights: Weights | None = None,
        classes: list[str] | None = None,
        class_counts: list[int] | None = None,
    ) -> None:
        super().__init__()
        if gamma < 0:
            raise ModelError(f"loss.gamma must not be negative; received {gamma}")
        self.gamma = gamma
        names = require_classes(classes, Losses.FOCAL)
        self.register_buffer("weight", class_weights(weights, names, class_counts))

    def item_losses(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What each item costs, weighted, and ones: as in the paper the mean is over items."""
        log_p = logits.log_softmax(-1).gather(1, targets.unsqueeze(1)).squeeze(1)
        # 1 - p, exact where p is close to 1; the power has no gradient at 0 for gamma below 1.
        rest = (-torch.expm1(log_p)).clamp(min=1e-8)
        return -self.weight[targets] * rest**self.gamma * log_p, torch.ones_like(log_p)


@LOSSES.register(Losses.DICE)
class DiceLoss(SingleLabelLoss):
    """One minus the self-adjusting soft Dice coefficient of the right class (Li et al. 2020, eq. 11), per item.

    `1 - (2 (1 - p)^alpha p + smooth) / ((1 - p)^alpha p + 1 + smooth)`

    Args:
        alpha: how much items that are right already are pushed down.
        smooth: added above and below the line.
    """

    def __init__(self, alpha: NonNegative = 0.6, smooth: NonNegative = 1.0) -> None:
        super().__init__()
        if alpha < 0 or smooth < 0:
            raise ModelError(f"loss.alpha and loss.smooth must not be negative; received {alpha} and {smooth}")
        self.alpha, self.smooth = alpha, smooth

    def item_losses(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What each item costs, and ones."""
        p = logits.softmax(-1).gather(1, targets.unsqueeze(1)).squeeze(1)
        weighted = (1 - p).clamp(min=1e-8) ** self.alpha * p
        losses = 1 - (2 * weighted + self.smooth) / (weighted + 1 + self.smooth)
        return losses, torch.ones_like(losses)
