"""Writes the learning curve."""

from __future__ import annotations

from typing import Any

from adaseq.errors import AdaSeqError, nearest
from adaseq.registry import HOOKS
from adaseq.training.hooks.base import Hook
from adaseq.training.trainer import Trainer
from adaseq.utils.files import atomic_write


@HOOKS.register("LearningCurveHook")
class LearningCurveHook(Hook):
    """Writes a line of a CSV file after each evaluation: split, epoch, optimizer steps, learning rate, score.

    Args:
        metric_key: which score.
        filename: the file, in the folder of the run.
    """

    def __init__(self, metric_key: str = "f1", filename: str = "curve.csv") -> None:
        self.metric_key = metric_key
        self.filename = filename
        self.rows: list[list[Any]] = []

    def after_evaluation(self, trainer: Trainer) -> None:
        """Add a line; the file is always written whole, and by the first process only."""
        evaluation, progress = trainer.evaluation, trainer.progress
        assert evaluation is not None
        if self.metric_key not in evaluation.scores:
            raise AdaSeqError(
                f"LearningCurveHook: no metric gives the score '{self.metric_key}'"
                f"{nearest(self.metric_key, evaluation.scores)} There are: {', '.join(evaluation.scores)}."
            )
        score = evaluation.scores[self.metric_key]
        self.rows.append([evaluation.split, evaluation.epoch, progress.update, progress.learning_rate, score])
        if trainer.runtime.is_main:
            with atomic_write(trainer.work_dir / self.filename) as file:
                file.write(f"split,epoch,step,lr,{self.metric_key}\n")
                file.writelines(",".join(map(str, row)) + "\n" for row in self.rows)

    def state_dict(self) -> dict[str, Any]:
        """The lines so far: a resumed run goes on with them, and forgets those behind its checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.rows = list(state["rows"])
