"""Evaluation while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS
from adaseq.training.hooks.base import Hook
from adaseq.training.hooks.interval import Interval
from adaseq.utils.ranges import Natural

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer


@HOOKS.register(Hooks.EVALUATION)
class EvaluationHook(Hook):
    """Scores the validation split at intervals.

    Args:
        interval: evaluate after every so many epochs, or batches; 0 for never.
        by_epoch: count epochs; false counts batches.
        eval_strategy: by_epoch, by_step or no; the same as `by_epoch` in the words of ModelScope.
        start_idx: the first epoch (or batch), counted from 1, after which to evaluate; by default from the beginning.
    """

    order = 10

    def __init__(
        self,
        interval: Natural = 1,
        by_epoch: bool = True,
        eval_strategy: Literal["by_epoch", "by_step", "no"] | None = None,
        start_idx: int | None = None,
    ) -> None:
        self._interval = Interval(interval, by_epoch, eval_strategy, start_idx)

    def after_step(self, trainer: Trainer) -> None:
        """Ask for an evaluation, when it is time."""
        if self._interval.is_due_after_step(trainer) and "valid" in trainer.evaluators:
            trainer.progress.is_evaluation_due = True

    def after_epoch(self, trainer: Trainer) -> None:
        """Ask for an evaluation, when it is time."""
        if self._interval.is_due_after_epoch(trainer) and "valid" in trainer.evaluators:
            trainer.progress.is_evaluation_due = True
