"""When the learning rate changes: with the steps, with the epochs, or with the scores; and the warm-up before it."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

from adaseq.errors import AdaSeqError, nearest
from adaseq.registry import LR_SCHEDULERS
from adaseq.training.lr_scheduler import WarmupSchedule

_logger = logging.getLogger(__name__)

Unit = Literal["epoch", "step", "never"]

_OWN_KEYS = {"type", "warmup_rate", "warmup_steps", "options"}
_STRATEGIES: dict[str, Unit] = {"by_epoch": "epoch", "by_step": "step", "no": "never"}
# How OneCycleLR is told how long it takes; not told, it takes the whole training.
_LENGTHS = ("total_steps", "epochs", "steps_per_epoch")
_WARMUPS = ("LinearWarmup", "ConstantWarmup", "ExponentialWarmup")


@dataclass(frozen=True)
class Warmup:
    """A factor that goes up to 1 over the first optimizer steps.

    Args:
        type: `LinearWarmup`, `ConstantWarmup` or `ExponentialWarmup`.
        warmup_iters: over how many steps.
        warmup_ratio: the factor at the first step.
    """

    type: str = "LinearWarmup"
    warmup_iters: int = 0
    warmup_ratio: float = 0.1

    def __post_init__(self) -> None:
        if self.type not in _WARMUPS:
            raise AdaSeqError(
                f"train.lr_scheduler.options.warmup.type is '{self.type}'{nearest(self.type, _WARMUPS) or ';'} "
                f"known: {', '.join(_WARMUPS)}."
            )

    def factor(self, step: int) -> float:
        """The factor at a step, counted from 0."""
        if step >= self.warmup_iters:
            return 1.0
        if self.type == "ConstantWarmup":
            return self.warmup_ratio
        if self.type == "ExponentialWarmup":
            return float(self.warmup_ratio ** (1.0 - step / self.warmup_iters))
        return self.warmup_ratio + (1.0 - self.warmup_ratio) * step / self.warmup_iters


class Schedule:
    """Steps a scheduler at the right moments.

    Args:
        scheduler: one of torch's, or one of `lr_scheduler`.
        unit: step it after each `epoch`, each optimizer `step`, or `never`; a plateau scheduler steps with the scores.
        warmup: a factor on top of it.
        metric_key: the score that a plateau scheduler watches.
    """

    def __init__(
        self,
        scheduler: LRScheduler,
        unit: Unit,
        warmup: Warmup | None = None,
        metric_key: str = "f1",
    ) -> None:
        self.scheduler = scheduler
        self.metric_key = metric_key
        self._warmup = warmup or Warmup()
        self._is_plateau = isinstance(scheduler, ReduceLROnPlateau)
        self._unit = "score" if self._is_plateau else unit
        self._updates = 0
        self._unscaled = self._rates()
        self._scale()

    def after_update(self) -> None:
        """Call after each optimizer step."""
        is_warm = self._updates >= self._warmup.warmup_iters
        self._updates += 1
        if is_warm:
            if self._unit == "step":
                self.scheduler.step()
            return
        # Some schedulers compute the next rate from the present one: they must not see the warm-up's factor.
        self._set_rates(self._unscaled)
        if self._unit == "step":
            self.scheduler.step()
        self._unscaled = self._rates()
        self._scale()

    def after_epoch(self) -> None:
        """Call after each epoch, its evaluation included."""
        if self._unit == "epoch":
            self._step_beside_warmup(self.scheduler.step)

    def after_evaluation(self, scores: Mapping[str, Any]) -> None:
        """Call with the scores of each evaluation."""
        if not self._is_plateau:
            return
        if self.metric_key not in scores:
            raise AdaSeqError(
                f"The learning rate follows the score '{self.metric_key}', which no metric gives"
                f"{nearest(self.metric_key, scores) or ';'} there are: {', '.join(scores)}."
            )
        step: Any = self.scheduler.step
        self._step_beside_warmup(functools.partial(step, scores[self.metric_key]))

    def check_length(self, num_updates: int, num_epochs: int) -> None:
        """Refuse a schedule that is over before the training is, and warn of a warm-up that is not.

        Args:
            num_updates: the optimizer steps of the whole training.
            num_epochs: its epochs.

        Raises:
            AdaSeqError: it is.
        """
        last = getattr(self.scheduler, "total_steps", None)
        steps = {"step": num_updates, "epoch": num_epochs}.get(self._unit, 0)
        if isinstance(last, int) and last < steps:
            raise AdaSeqError(
                f"train.lr_scheduler: {type(self.scheduler).__name__} is over after {last} steps, but the training takes {steps}; "
                "leave total_steps, epochs and steps_per_epoch out for all of it"
            )
        warmup = max(self._warmup.warmup_iters, getattr(self.scheduler, "num_warmup_steps", 0))
        if warmup > num_updates:
            _logger.warning(
                "train.lr_scheduler: the warm-up takes %d steps and the training %d, so that the learning rate never gets to "
                "what train.optimizer says",
                warmup,
                num_updates,
            )

    def state_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"scheduler": self.scheduler.state_dict(), "updates": self._updates, "unscaled": self._unscaled}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state. The rates themselves are the optimizer's state."""
        self.scheduler.load_state_dict(dict(state["scheduler"]))
        self._updates, self._unscaled = state["updates"], list(state["unscaled"])

    def _step_beside_warmup(self, step: Callable[[], None]) -> None:
        self._set_rates(self._unscaled if self._updates < self._warmup.warmup_iters else self._rates())
        step()
        self._unscaled = self._rates()
        self._scale()

    def _rates(self) -> list[Any]:
        return [group["lr"] for group in self.scheduler.optimizer.param_groups]

    def _set_rates(self, rates: list[Any]) -> None:
        for group, rate in zip(self.scheduler.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def _scale(self) -> None:
        factor = self._warmup.factor(self._updates)
        if factor != 1.0:
            self._set_rates([rate * factor for rate in self._unscaled])


def build_schedule(
    block: Mapping[str, Any],
    optimizer: Optimizer,
    num_updates: int,
    num_epochs: int,
    metric_key: str = "f1",
    rule: str = "max",
) -> Schedule:
    """The schedule of a configuration.

    Args:
        block: `type`; the arguments of that class; `warmup_rate` (share of all steps) or `warmup_steps`; `options`:
            `by_epoch`, `lr_strategy`, `warmup` (`type`, `warmup_iters`, `warmup_ratio`).
        optimizer: whose learning rates to set.
        num_updates: the optimizer steps of the whole training.
        num_epochs: its epochs.
        metric_key: the score that a plateau scheduler watches.
        rule: whether more (`max`) or less (`min`) of it is better, where the block has no `mode`.

    Raises:
        AdaSeqError: two warm-ups, or arguments that the class refuses.
    """
    scheduler_class = LR_SCHEDULERS.get(str(block["type"]))
    options = dict(block.get("options") or {})
    is_ours = issubclass(scheduler_class, WarmupSchedule)
    unit = _unit(options, default="step" if is_ours else "epoch")
    num_steps = num_epochs if unit == "epoch" else num_updates
    warmup_steps = _warmup_steps(block, num_updates)
    warmup = Warmup(**options["warmup"]) if options.get("warmup") else None
    if warmup is not None and warmup_steps:
        raise AdaSeqError("train.lr_scheduler: give options.warmup or warmup_rate/warmup_steps, not both")
    # A warm-up takes optimizer steps, whatever the schedule behind it counts.
    has_own_warmup = is_ours and unit == "step"
    if warmup_steps and not has_own_warmup:
        warmup = Warmup("LinearWarmup", warmup_steps, 0.0)
    arguments = {key: value for key, value in block.items() if key not in _OWN_KEYS}
    if arguments.get("total_iters", 0) is None:
        arguments["total_iters"] = num_steps
    if issubclass(scheduler_class, OneCycleLR) and not any(arguments.get(key) for key in _LENGTHS):
        arguments["total_steps"] = max(num_steps, 1)
    if issubclass(scheduler_class, ReduceLROnPlateau):
        arguments["mode"] = arguments.get("mode") or rule
    if is_ours:
        arguments.update(num_training_steps=num_steps, num_warmup_steps=warmup_steps if has_own_warmup else 0)
    try:
        scheduler = scheduler_class(optimizer, **arguments)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise AdaSeqError(f"train.lr_scheduler: {block['type']} refuses its arguments: {error}") from error
    return Schedule(scheduler, unit, warmup, metric_key)


def _unit(options: Mapping[str, Any], default: Unit) -> Unit:
    strategy, by_epoch = options.get("lr_strategy"), options.get("by_epoch")
    if strategy is not None:
        return _STRATEGIES[strategy]
    return default if by_epoch is None else "epoch" if by_epoch else "step"


def _warmup_steps(block: Mapping[str, Any], num_steps: int) -> int:
    rate, steps = block.get("warmup_rate"), block.get("warmup_steps")
    if rate and steps:
        raise AdaSeqError("train.lr_scheduler: give warmup_rate or warmup_steps, not both")
    if rate and not 0.0 <= rate <= 1.0:
        raise AdaSeqError(f"train.lr_scheduler.warmup_rate is {rate}; it is a share of all steps, between 0 and 1")
    return int(steps or 0) or math.floor((rate or 0.0) * num_steps + 0.5)
