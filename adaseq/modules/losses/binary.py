"""Binary cross entropy over all classes, for items that may have several."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from adaseq.errors import ModelError, nearest
from adaseq.metainfo import Losses
from adaseq.modules.losses.base import MultiLabelLoss, mean_over, require_classes
from adaseq.modules.losses.class_weights import class_weights
from adaseq.registry import LOSSES
from adaseq.utils.ranges import NonNegative, Positive


@LOSSES.register(Losses.BCE)
class BinaryCrossEntropy(MultiLabelLoss):
    """Each class is decided by itself; the mean over all cells."""

    def __init__(self) -> None:
        super().__init__()

    def cell_loss(self, logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
        """The mean over the cells that count."""
        return mean_over(binary_cross_entropy_with_logits(logits, targets, reduction="none"), counted)


@LOSSES.register(Losses.WEIGHTED_BCE, supplied=("classes",))
class WeightedBinaryCrossEntropy(MultiLabelLoss):
    """Binary cross entropy in which the classes that hold weigh more, or less, than those that do not.

    Args:
        pos_weight: the weight of a class that holds: one number for all, a list in the order of the classes, or a mapping
            from names, the others weighing 1.
        classes: the names of the classes.
    """

    pos_weight: Tensor

    def __init__(
        self, pos_weight: Positive | list[NonNegative] | dict[str, NonNegative] = 1.0, classes: list[str] | None = None
    ) -> None:
        super().__init__()
        if isinstance(pos_weight, (int, float)):
            if pos_weight <= 0:
                raise ModelError(f"loss.pos_weight must be more than 0; received {pos_weight}")
            weight = torch.tensor([float(pos_weight)])
        else:
            weight = class_weights(pos_weight, require_classes(classes, Losses.WEIGHTED_BCE), None)
        self.register_buffer("pos_weight", weight)

    def cell_loss(self, logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
        """The mean over the cells that count."""
        losses = binary_cross_entropy_with_logits(logits, targets, reduction="none", pos_weight=self.pos_weight)
        return mean_over(losses, counted)


@LOSSES.register(Losses.UFET, supplied=("classes",))
class UFETGranularityLoss(MultiLabelLoss):
    """Binary cross entropy by granularity (Choi et al. 2018, 'Ultra-fine entity typing', section 5.2).

    The types are in groups, from coarse to fine. A group counts for an item only if one of its types holds: that an item
    has no fine type says nothing about which ones would be wrong. The losses of the groups are added up; within a group the
    mean is over its types, over the groups it is over items.

    Args:
        boundaries: where the groups end among the classes in their order: by default 9 coarse types, then those up to 130
            fine ones, then the ultra-fine rest. The order is that of a label file given as `dataset.labels`.
        groups: the types of each group by name, instead; what is in no group is the last one.
        pos_weight: the weight of a type that holds.
        classes: the names of the classes.
    """

    members: Tensor

    def __init__(
        self,
        boundaries: list[int] | None = None,
        groups: list[list[str]] | None = None,
        pos_weight: Positive = 1.0,
        classes: list[str] | None = None,
    ) -> None:
        super().__init__()
        names = require_classes(classes, Losses.UFET)
        if groups is not None and boundaries is not None:
            raise ModelError("loss: give boundaries or groups, not both")
        numbers = _numbers(names, groups) if groups is not None else _cut(len(names), boundaries or [9, 130])
        members = torch.zeros(max(numbers) + 1, len(names))
        members[numbers, torch.arange(len(names))] = 1.0
        self.register_buffer("members", members[members.any(1)], persistent=False)  # (G, K)
        self.pos_weight = pos_weight

    def cell_loss(self, logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
        """The sum over the groups, averaged over the items that have a type at all."""
        weight = torch.tensor(self.pos_weight, device=logits.device)
        losses = binary_cross_entropy_with_logits(logits, targets, reduction="none", pos_weight=weight) * counted
        sizes = (counted.float() @ self.members.T).clamp(min=1)  # (N, G)
        holds = ((targets * counted) @ self.members.T) > 0
        means = (losses @ self.members.T) / sizes
        return (means * holds).sum() / holds.any(1).sum().clamp(min=1)


@LOSSES.register(Losses.PARTIAL_BCE)
class PartialBinaryCrossEntropy(MultiLabelLoss):
    """Binary cross entropy that trusts the classes that are annotated, and only some of those that are not.

    Each time a random share of the classes that are not annotated counts as wrong; the others do not count, because the
    annotation may have missed them.

    Args:
        negative_sampling: the share.
    """

    def __init__(self, negative_sampling: float = 0.3) -> None:
        super().__init__()
        if not 0 < negative_sampling <= 1:
            raise ModelError(f"loss.negative_sampling must be more than 0 and at most 1; received {negative_sampling}")
        self.negative_sampling = negative_sampling

    def cell_loss(self, logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
        """The mean over the cells that count this time."""
        sampled = torch.rand_like(logits) < self.negative_sampling
        losses = binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return mean_over(losses, counted & ((targets > 0) | sampled))


@LOSSES.register(Losses.POSITIVE_UNLABELLED)
class PositiveUnlabelledLoss(MultiLabelLoss):
    """The risk of positive and unlabelled examples, kept from becoming negative (Kiryo et al. 2017, eq. 6).

    What is not annotated is a mixture of both sorts. Of each class the share `prior` is taken to hold, and what the
    positive examples would cost as negatives, times that share, is taken off the cost of the unlabelled ones:
    `balance * prior * R+(1) + (1 - balance) * max(0, Ru(0) - prior * R+(0))`.

    Args:
        prior: the share of items for which a class holds.
        balance: the weight of the positive examples against the others.
    """

    def __init__(self, prior: float = 0.05, balance: float = 0.8) -> None:
        super().__init__()
        for name, value in (("prior", prior), ("balance", balance)):
            if not 0 < value < 1:
                raise ModelError(f"loss.{name} must be more than 0 and less than 1; received {value}")
        self.prior, self.balance = prior, balance

    def cell_loss(self, logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
        """The risk, over all cells that count."""
        is_positive = (targets > 0) & counted
        is_unlabelled = (targets == 0) & counted
        as_positive, as_negative = -logsigmoid(logits), -logsigmoid(-logits)
        positive_risk = self.prior * mean_over(as_positive, is_positive)
        negative_risk = mean_over(as_negative, is_unlabelled) - self.prior * mean_over(as_negative, is_positive)
        return self.balance * positive_risk + (1 - self.balance) * negative_risk.clamp(min=0)


def _cut(count: int, boundaries: list[int]) -> list[int]:
    if sorted(set(boundaries)) != boundaries or boundaries[0] < 1:
        raise ModelError(f"loss.boundaries must be positive and rise; received {boundaries}")
    return [sum(place >= boundary for boundary in boundaries) for place in range(count)]


def _numbers(classes: list[str], groups: list[list[str]]) -> list[int]:
    numbers = {}
    for number, group in enumerate(groups):
        for name in group:
            if name not in classes:
                raise ModelError(f"loss.groups: there is no class '{name}'{nearest(name, classes) or '.'}")
            if name in numbers:
                raise ModelError(f"loss.groups: the class '{name}' is in two groups")
            numbers[name] = number
    return [numbers.get(name, len(groups)) for name in classes]
