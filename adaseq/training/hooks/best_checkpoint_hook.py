"""Keeping the best weights."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from adaseq.errors import AdaSeqError
from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS
from adaseq.training.hooks.base import Hook
from adaseq.training.hooks.outputs import check_output
from adaseq.training.hooks.score import is_better, watched_score
from adaseq.utils.files import add_name

if TYPE_CHECKING:
    from adaseq.config import Config
    from adaseq.training.trainer import Trainer

logger = logging.getLogger(__name__)


@HOOKS.register(Hooks.BEST_CHECKPOINT)
class BestCkptSaverHook(Hook):
    """Saves the weights, and a model folder, whenever an evaluation is better than all before.

    Without any evaluation the last weights count as the best.

    Args:
        metric_key: the score that decides.
        rule: whether more of it (max) or less (min) is better.
        save_file_name: the file of the weights, in the run folder.
        restore_best: go back to the best weights at the end of the training, for the test.
        max_checkpoint_num: how many of the best weights to keep; those that were overtaken get the epoch and their score
            into their names.
        output_sub_dir: the model folder, in the run folder.
        save_optimizer: also write the optimizer's state, into `<save_file_name>_optimizer.pth`.
    """

    order = 20

    def __init__(
        self,
        metric_key: str = "f1",
        rule: Literal["max", "min"] = "max",
        save_file_name: str = "best_model.pth",
        restore_best: bool = True,
        max_checkpoint_num: int = 1,
        output_sub_dir: str = "output_best",
        save_optimizer: bool = False,
    ) -> None:
        if max_checkpoint_num < 1:
            raise AdaSeqError(f"BestCkptSaverHook: max_checkpoint_num is {max_checkpoint_num}; it must be at least 1")
        self.outputs = check_output(Hooks.BEST_CHECKPOINT, save_file_name=save_file_name, output_sub_dir=output_sub_dir)
        self.metric_key, self.rule = metric_key, rule
        self.restore_best = restore_best
        self.best_score: float | None = None
        self.best_scores: dict[str, Any] = {}
        self.best_epoch: int | None = None
        self._file_name, self._folder_name = save_file_name, output_sub_dir
        self._keep = max_checkpoint_num
        self._save_optimizer = save_optimizer
        self._overtaken: list[str] = []
        self._work_dir = Path()
        self._is_resumed = False

    def before_run(self, trainer: Trainer) -> None:
        """Know the run folder."""
        self._work_dir = trainer.work_dir

    def after_evaluation(self, trainer: Trainer) -> None:
        """Save the weights if they are the best so far."""
        evaluation = trainer.evaluation
        if evaluation is None or evaluation.mode != "eval":
            return
        score = watched_score(evaluation.scores, self.metric_key, Hooks.BEST_CHECKPOINT)
        if is_better(score, self.best_score, self.rule):
            trainer.require_finite_weights()
            trainer.runtime.on_main(self._set_aside)
            self._save(trainer)
            self.best_score, self.best_epoch = score, evaluation.epoch
            self.best_scores = dict(evaluation.scores)
            logger.info("Best %s so far: %.5f; saved to %s.", self.metric_key, score, self._weights)

    def after_run(self, trainer: Trainer) -> None:
        """Put the best weights back."""
        if self.best_score is None:
            self._save(trainer)
        elif self.restore_best:
            trainer.load_weights(self._weights)
            if self._is_resumed:
                # The folder may be of an epoch behind the checkpoint, which need not have come out the same on a GPU.
                trainer.save_model_folder(self._work_dir / self._folder_name)
            logger.info("Back to the best weights, of epoch %s.", self.best_epoch)

    def state_dict(self) -> dict[str, Any]:
        """The best so far."""
        return {
            "best_score": self.best_score,
            "best_scores": self.best_scores,
            "best_epoch": self.best_epoch,
            "overtaken": self._overtaken,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.best_score, self.best_scores = state["best_score"], state["best_scores"]
        self.best_epoch = state["best_epoch"]
        self._overtaken = list(state["overtaken"])
        self._is_resumed = True

    def kept_files(self) -> list[Path]:
        """The weights that are kept."""
        if self.best_score is None:
            return []
        return [self._weights, *map(self._weights.with_name, self._overtaken)]

    @property
    def _weights(self) -> Path:
        return self._work_dir / self._file_name

    def _save(self, trainer: Trainer) -> None:
        trainer.save_weights(self._weights)
        trainer.save_model_folder(self._work_dir / self._folder_name)
        if self._save_optimizer:
            trainer.save_optimizer(self._weights.with_name(f"{self._weights.stem}_optimizer.pth"))

    def _set_aside(self) -> None:
        """Give the weights that are being overtaken a name of their own, as far as they are kept."""
        if self._keep == 1 or self.best_score is None:
            return
        key = self.metric_key.replace("/", "-")  # that of one of several corpora is name/f1
        name = f"{self._weights.stem}_epoch{self.best_epoch}_{key}{self.best_score:.5f}.pth"
        add_name(self._weights, self._weights.with_name(name))
        # Two evaluations in an epoch may come to one name.
        self._overtaken = [*(each for each in self._overtaken if each != name), name]
        while len(self._overtaken) >= self._keep:
            self._weights.with_name(self._overtaken.pop(0)).unlink(missing_ok=True)


def best_hook(hooks: Sequence[Hook]) -> BestCkptSaverHook:
    """The one that keeps the best weights: every run has it."""
    return next(hook for hook in hooks if isinstance(hook, BestCkptSaverHook))


def best_model_of(folder: Path, config: Config) -> Path:
    """The model folder of a run.

    Args:
        folder: the run folder.
        config: the configuration of the run.
    """
    blocks: list[dict[str, Any]] = config.train.hooks or []
    return folder / next(each["output_sub_dir"] for each in blocks if each["type"] == Hooks.BEST_CHECKPOINT)
