"""Curves for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.errors import AdaSeqError
from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS
from adaseq.training.averages import Mark
from adaseq.training.hooks.base import Hook
from adaseq.utils.ranges import Count

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer


@HOOKS.register(Hooks.TENSORBOARD)
class TensorboardHook(Hook):
    """Writes losses, learning rate, times and scores as TensorBoard events; needs the package `tensorboard`.

    Args:
        out_dir: the folder of the events; by default `tensorboard_output` in the run folder.
        interval: after every so many batches.
    """

    order = 95

    def __init__(self, out_dir: str | None = None, interval: Count = 10) -> None:
        self._out_dir, self._interval = out_dir, interval
        self._mark: Mark = {}
        self._writer: Any = None

    def before_run(self, trainer: Trainer) -> None:
        """Open the folder; events of steps that will be taken again are forgotten by TensorBoard."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise AdaSeqError(
                "TensorboardHook needs the package 'tensorboard', which is not installed: pip install tensorboard"
            ) from None
        if trainer.runtime.is_main:
            folder = Path(self._out_dir) if self._out_dir else trainer.work_dir / "tensorboard_output"
            purged = trainer.progress.iteration + 1 if trainer.progress.iteration else None
            self._writer = SummaryWriter(str(folder), purge_step=purged)

    def after_step(self, trainer: Trainer) -> None:
        """Averages, when it is time."""
        if trainer.progress.iteration % self._interval == 0:
            trainer.averages.collect()
            means = trainer.averages.since(self._mark)
            self._mark = trainer.averages.mark()
            self._write("train", {**means, "lr": trainer.progress.learning_rate}, trainer.progress.iteration)

    def after_evaluation(self, trainer: Trainer) -> None:
        """The scores."""
        if trainer.evaluation is not None:
            self._write(trainer.evaluation.mode, trainer.evaluation.scores, trainer.evaluation.iteration)
            if self._writer is not None:
                self._writer.flush()

    def after_run(self, trainer: Trainer) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.flush()

    def state_dict(self) -> dict[str, Any]:
        """Where the averages of the next event begin."""
        return {"mark": self._mark}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._mark = state["mark"]

    def _write(self, group: str, values: dict[str, Any], step: int) -> None:
        if self._writer is None:
            return
        for name, value in values.items():
            if isinstance(value, (int, float)):
                self._writer.add_scalar(f"{group}/{name}", value, step)
