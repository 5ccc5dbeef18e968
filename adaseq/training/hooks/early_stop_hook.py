"""Stopping when the scores stop getting better."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Literal

from adaseq.errors import AdaSeqError
from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS
from adaseq.training.hooks.base import Hook
from adaseq.training.hooks.score import is_better, watched_score

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer

logger = logging.getLogger(__name__)


@HOOKS.register(Hooks.EARLY_STOP)
class EarlyStopHook(Hook):
    """Ends the training after several evaluations without a better score.

    Args:
        metric_key: the score to watch.
        rule: whether more of it (max) or less (min) is better.
        patience: how many evaluations without a better score are borne.
        min_delta: by how much a score must be better to count.
        check_finite: stop at once when the score is infinite or not a number.
        interval: look at every so many evaluations only.
    """

    order = 40

    def __init__(
        self,
        metric_key: str = "f1",
        rule: Literal["max", "min"] = "max",
        patience: int = 3,
        min_delta: float = 0.0,
        check_finite: bool = True,
        interval: int = 1,
    ) -> None:
        if patience < 1 or interval < 1 or min_delta < 0:
            raise AdaSeqError(
                f"EarlyStopHook: patience ({patience}) and interval ({interval}) must be at least 1, min_delta ({min_delta}) "
                "at least 0"
            )
        self.metric_key, self.rule = metric_key, rule
        self._patience, self._min_delta = patience, min_delta
        self._check_finite, self._interval = check_finite, interval
        self._best: float | None = None
        self._seen, self._without_gain = 0, 0

    def before_run(self, trainer: Trainer) -> None:
        """Insist on something to watch."""
        if "valid" not in trainer.evaluators:
            raise AdaSeqError("EarlyStopHook watches the scores of the validation split, but nothing is evaluated.")

    def after_evaluation(self, trainer: Trainer) -> None:
        """Stop if patience is exhausted."""
        evaluation = trainer.evaluation
        if evaluation is None or evaluation.mode != "eval":
            return
        self._seen += 1
        if self._seen % self._interval:
            return
        score = watched_score(evaluation.scores, self.metric_key, Hooks.EARLY_STOP)
        if self._check_finite and not math.isfinite(score):
            logger.warning("Stopping: %s is %s.", self.metric_key, score)
            trainer.progress.should_stop = True
        elif is_better(score, self._best, self.rule, self._min_delta):
            self._best, self._without_gain = score, 0
        else:
            self._without_gain += 1
            if self._without_gain >= self._patience:
                logger.info("Stopping early: %d evaluations without a better %s.", self._without_gain, self.metric_key)
                trainer.progress.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """The best score and how long ago it was."""
        return {"best": self._best, "seen": self._seen, "without_gain": self._without_gain}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._best, self._seen, self._without_gain = state["best"], state["seen"], state["without_gain"]
