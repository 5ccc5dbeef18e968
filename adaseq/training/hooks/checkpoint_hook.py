"""Saving at intervals."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS
from adaseq.training.hooks.base import Hook
from adaseq.training.hooks.interval import Interval
from adaseq.training.hooks.outputs import check_output
from adaseq.utils.ranges import Count, Natural

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer


@HOOKS.register(Hooks.CHECKPOINT)
class CheckpointHook(Hook):
    """Saves the weights as `epoch_<N>.pth` or `iter_<N>.pth`, a model folder, and a checkpoint to resume from.

    A run saves a checkpoint to resume from after every epoch, with or without this hook.

    Args:
        interval: save after every so many epochs, or batches; 0 for never.
        by_epoch: count epochs; false counts batches.
        save_strategy: by_epoch, by_step or no; the same as `by_epoch` in the words of ModelScope.
        save_last: save at the end of the training as well.
        max_checkpoint_num: how many of the newest weight files to keep; all by default.
        output_sub_dir: the model folder, in the run folder; it holds the newest weights.
    """

    # Before the best weights are put back at the end of the training.
    order = 15

    def __init__(
        self,
        interval: Natural = 1,
        by_epoch: bool = True,
        save_strategy: Literal["by_epoch", "by_step", "no"] | None = None,
        save_last: bool = True,
        max_checkpoint_num: Count | None = None,
        output_sub_dir: str = "output",
    ) -> None:
        self.outputs = check_output(Hooks.CHECKPOINT, output_sub_dir=output_sub_dir)
        self._interval = Interval(interval, by_epoch, save_strategy)
        self._save_last = save_last
        self._keep = max_checkpoint_num
        self._folder_name = output_sub_dir
        self._saved: list[str] = []
        self._saved_at = 0
        self._work_dir = Path()

    def before_run(self, trainer: Trainer) -> None:
        """Know the run folder."""
        self._work_dir = trainer.work_dir

    def after_step(self, trainer: Trainer) -> None:
        """Save, when it is time."""
        if self._interval.is_due_after_step(trainer):
            self._save(trainer, f"iter_{trainer.progress.iteration}.pth")
            trainer.is_checkpoint_due = True

    def after_epoch(self, trainer: Trainer) -> None:
        """Save, when it is time."""
        if self._interval.is_due_after_epoch(trainer):
            self._save(trainer, f"epoch_{trainer.progress.epoch + 1}.pth")

    def after_run(self, trainer: Trainer) -> None:
        """Save the last weights, unless that has just happened."""
        is_saved = self._saved_at == trainer.progress.iteration
        if self._save_last and not is_saved:
            self._save(trainer, f"epoch_{trainer.progress.epoch}.pth")

    def state_dict(self) -> dict[str, Any]:
        """Which files are there."""
        return {"saved": self._saved, "saved_at": self._saved_at}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._saved, self._saved_at = list(state["saved"]), state["saved_at"]

    def _save(self, trainer: Trainer, name: str) -> None:
        trainer.save_weights(self._work_dir / name)
        trainer.save_model_folder(self._work_dir / self._folder_name)
        self._saved_at = trainer.progress.iteration
        self._saved = [*(each for each in self._saved if each != name), name]
        while self._keep is not None and len(self._saved) > self._keep:
            old = self._work_dir / self._saved.pop(0)
            trainer.runtime.on_main(functools.partial(old.unlink, missing_ok=True))
