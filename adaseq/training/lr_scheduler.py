"""Learning-rate schedules by the names that transformers gives them.

Each one takes its steps with the optimizer, over all steps of the training, after a linear warm-up from zero. The classes
of `torch.optim.lr_scheduler` are known by their own names beside these.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from adaseq.errors import AdaSeqError
from adaseq.registry import LR_SCHEDULERS

_SUPPLIED = ("optimizer", "num_training_steps", "num_warmup_steps")
_POSITION = ("base_lrs", "last_epoch", "_step_count", "_last_lr", "lr_lambdas")


class WarmupSchedule(LambdaLR, ABC):
    """The learning rate as a factor of its configured value: up linearly from zero, then as `after_warmup` says.

    Args:
        optimizer: whose learning rates to set.
        num_training_steps: the steps of the whole training.
        num_warmup_steps: how many of them are warm-up.
    """

    def __init__(self, optimizer: Optimizer, num_training_steps: int, num_warmup_steps: int = 0) -> None:
        self.num_training_steps = num_training_steps
        self.num_warmup_steps = num_warmup_steps
        super().__init__(optimizer, self.factor)

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands; how long it is follows from the run that goes on with it."""
        return {key: value for key, value in super().state_dict().items() if key in _POSITION}

    def factor(self, step: int) -> float:
        """The factor at a step, counted from 0."""
        if step < self.num_warmup_steps:
            return step / self.num_warmup_steps
        return self.after_warmup(step)

    @abstractmethod
    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""

    def progress(self, step: int) -> float:
        """How much of the training behind the warm-up is done, from 0 to 1."""
        return (step - self.num_warmup_steps) / max(1, self.num_training_steps - self.num_warmup_steps)


@LR_SCHEDULERS.register("constant", "constant_with_warmup", supplied=_SUPPLIED)
class ConstantSchedule(WarmupSchedule):
    """The same learning rate for ever, after the warm-up."""

    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""
        return 1.0


@LR_SCHEDULERS.register("linear", supplied=_SUPPLIED)
class LinearSchedule(WarmupSchedule):
    """In a straight line down to zero at the last step."""

    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""
        return max(0.0, 1.0 - self.progress(step))


@LR_SCHEDULERS.register("cosine", supplied=_SUPPLIED)
class CosineSchedule(WarmupSchedule):
    """Along a cosine (Loshchilov and Hutter 2017).

    Args:
        optimizer: whose learning rates to set.
        num_training_steps: the steps of the whole training.
        num_warmup_steps: how many of them are warm-up.
        num_cycles: periods of the cosine; a half goes down to zero once.
    """

    def __init__(
        self, optimizer: Optimizer, num_training_steps: int, num_warmup_steps: int = 0, num_cycles: float = 0.5
    ) -> None:
        self.num_cycles = num_cycles
        super().__init__(optimizer, num_training_steps, num_warmup_steps)

    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * self.num_cycles * 2.0 * self.progress(step))))


@LR_SCHEDULERS.register("cosine_with_restarts", supplied=_SUPPLIED)
class CosineRestartsSchedule(WarmupSchedule):
    """Down to zero along a cosine several times, each time from the top (Loshchilov and Hutter 2017).

    Args:
        optimizer: whose learning rates to set.
        num_training_steps: the steps of the whole training.
        num_warmup_steps: how many of them are warm-up.
        num_cycles: how many times.
    """

    def __init__(
        self, optimizer: Optimizer, num_training_steps: int, num_warmup_steps: int = 0, num_cycles: int = 1
    ) -> None:
        self.num_cycles = num_cycles
        super().__init__(optimizer, num_training_steps, num_warmup_steps)

    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""
        progress = self.progress(step)
        if progress >= 1.0:
            return 0.0
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * ((self.num_cycles * progress) % 1.0))))


@LR_SCHEDULERS.register("cosine_with_min_lr", supplied=_SUPPLIED)
class CosineMinSchedule(WarmupSchedule):
    """Along a cosine down to a least learning rate.

    Args:
        optimizer: whose learning rates to set.
        num_training_steps: the steps of the whole training.
        num_warmup_steps: how many of them are warm-up.
        num_cycles: periods of the cosine.
        min_lr: the least learning rate of the default group.
        min_lr_rate: the same as a share of the configured one.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        num_training_steps: int,
        num_warmup_steps: int = 0,
        num_cycles: float = 0.5,
        min_lr: float | None = None,
        min_lr_rate: float | None = None,
    ) -> None:
        if (min_lr is None) == (min_lr_rate is None):
            raise AdaSeqError("train.lr_scheduler: cosine_with_min_lr needs one of min_lr and min_lr_rate")
        self.num_cycles = num_cycles
        self.lowest = min_lr / optimizer.defaults["lr"] if min_lr is not None else min_lr_rate
        super().__init__(optimizer, num_training_steps, num_warmup_steps)

    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""
        factor = 0.5 * (1.0 + math.cos(math.pi * self.num_cycles * 2.0 * self.progress(step)))
        lowest = self.lowest or 0.0
        return max(0.0, factor * (1.0 - lowest) + lowest)


@LR_SCHEDULERS.register("polynomial", supplied=_SUPPLIED)
class PolynomialSchedule(WarmupSchedule):
    """Along a power of the remaining steps, down to a last learning rate.

    Args:
        optimizer: whose learning rates to set.
        num_training_steps: the steps of the whole training.
        num_warmup_steps: how many of them are warm-up.
        lr_end: the last learning rate of the default group; smaller than its first.
        power: 1 is a straight line.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        num_training_steps: int,
        num_warmup_steps: int = 0,
        lr_end: float = 1e-7,
        power: float = 1.0,
    ) -> None:
        first = float(optimizer.defaults["lr"])
        if not first > lr_end:
            raise AdaSeqError(f"train.lr_scheduler: lr_end ({lr_end}) must be less than the optimizer's lr ({first})")
        self.lowest = lr_end / first
        self.power = power
        super().__init__(optimizer, num_training_steps, num_warmup_steps)

    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""
        if step > self.num_training_steps:
            return self.lowest
        return (1.0 - self.lowest) * (1.0 - self.progress(step)) ** self.power + self.lowest


@LR_SCHEDULERS.register("inverse_sqrt", supplied=_SUPPLIED)
class InverseSqrtSchedule(WarmupSchedule):
    """With the inverse square root of the step (Vaswani et al. 2017).

    Args:
        optimizer: whose learning rates to set.
        num_training_steps: the steps of the whole training.
        num_warmup_steps: how many of them are warm-up.
        timescale: after so many steps behind the warm-up the rate is 1/√2; by default the warm-up, or 10,000.
    """

    def __init__(
        self, optimizer: Optimizer, num_training_steps: int, num_warmup_steps: int = 0, timescale: int | None = None
    ) -> None:
        self.timescale = timescale or num_warmup_steps or 10_000
        super().__init__(optimizer, num_training_steps, num_warmup_steps)

    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""
        return 1.0 / math.sqrt((step + self.timescale - self.num_warmup_steps) / self.timescale)


@LR_SCHEDULERS.register("warmup_stable_decay", supplied=_SUPPLIED)
class WarmupStableDecaySchedule(WarmupSchedule):
    """The full learning rate for most of the training, then down along a half cosine (Hu et al. 2024).

    Args:
        optimizer: whose learning rates to set.
        num_training_steps: the steps of the whole training.
        num_warmup_steps: how many of them are warm-up.
        num_decay_steps: how many of them, at the end, go down.
        min_lr_ratio: the share of the learning rate that is left at the end.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        num_training_steps: int,
        num_decay_steps: int,
        num_warmup_steps: int = 0,
        min_lr_ratio: float = 0.0,
    ) -> None:
        self.num_decay_steps, self.min_lr_ratio = num_decay_steps, min_lr_ratio
        super().__init__(optimizer, num_training_steps, num_warmup_steps)

    def factor(self, step: int) -> float:
        """The factor at a step, counted from 0."""
        if step < self.num_warmup_steps:
            return step / self.num_warmup_steps * (1.0 - self.min_lr_ratio) + self.min_lr_ratio
        return self.after_warmup(step)

    def after_warmup(self, step: int) -> float:
        """The factor at a step behind the warm-up."""
        first = max(self.num_training_steps - self.num_decay_steps, self.num_warmup_steps)
        if step < first:
            return 1.0
        progress = min((step - first) / max(1, self.num_decay_steps), 1.0)
        return 0.5 * (1.0 + math.cos(math.pi * progress)) * (1.0 - self.min_lr_ratio) + self.min_lr_ratio


@LR_SCHEDULERS.register("ReduceLROnPlateau", "reduce_lr_on_plateau", supplied=("optimizer",))
class PlateauSchedule(ReduceLROnPlateau):
    """torch's ReduceLROnPlateau: less whenever the evaluated score has not become better for a while.

    Args:
        optimizer: whose learning rates to set.
        mode: whether a better score is a greater (max) or a smaller one (min); by default what BestCkptSaverHook says.
        factor: by which the learning rate is multiplied.
        patience: how many evaluations without a better score are borne.
        threshold: by how much a score must be better to count.
        threshold_mode: rel takes the threshold as a share of the best score, abs as it is.
        cooldown: how many evaluations to wait after a change.
        min_lr: the least learning rate, for all groups or for each.
        eps: smaller changes are not made.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] | None = None,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(optimizer, mode or "max", factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)
