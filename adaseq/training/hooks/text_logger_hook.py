"""Lines in `metrics.json` and in the log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS
from adaseq.training.averages import Mark
from adaseq.training.hooks.base import Hook
from adaseq.training.hooks.outputs import check_output
from adaseq.training.metrics_log import MetricsLog
from adaseq.utils.files import writing
from adaseq.utils.ranges import Count, Natural

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer

logger = logging.getLogger(__name__)

_FIRST = ("data_load_time", "loss", "iter_time")


@HOOKS.register(Hooks.TEXT_LOGGER)
class TextLoggerHook(Hook):
    """Writes averages over the last batches, and the scores of every evaluation, as JSON lines and into the log.

    Args:
        interval: after every so many batches.
        by_epoch: count batches in the epoch; false counts them since the start.
        ignore_last: what is left at the end of an epoch gets no line of its own.
        out_dir: the folder of the JSON lines; by default the run folder. Lines that are there already stay.
        filename: their file, without `.json`.
        rounding_digits: numbers are rounded to so many digits after the point.
        ignore_rounding_keys: the keys whose numbers are not rounded.
    """

    order = 12

    def __init__(
        self,
        interval: Count = 50,
        by_epoch: bool = True,
        ignore_last: bool = True,
        out_dir: str | None = None,
        filename: str = "metrics",
        rounding_digits: Natural = 5,
        ignore_rounding_keys: str | list[str] | None = "lr",
    ) -> None:
        outputs = check_output(Hooks.TEXT_LOGGER, filename=f"{filename}.json")
        self.outputs = outputs if out_dir is None else ()
        self._interval, self._by_epoch, self._ignore_last = interval, by_epoch, ignore_last
        self._out_dir, self._filename = out_dir, filename
        exact = [ignore_rounding_keys] if isinstance(ignore_rounding_keys, str) else ignore_rounding_keys or []
        self._rounding = rounding_digits, exact
        self._mark: Mark = {}
        self._position: int | None = None
        self._log: MetricsLog | None = None

    def before_run(self, trainer: Trainer) -> None:
        """Open the file; lines of steps that will be taken again are cut off."""
        self._log = MetricsLog(Path(self._out_dir or trainer.work_dir) / f"{self._filename}.json", *self._rounding)
        if trainer.runtime.is_main:
            with writing(self._log.path):
                self._log.path.parent.mkdir(parents=True, exist_ok=True)
            if self._position is None:  # a folder that the user has chosen may hold the lines of other runs
                self._position = self._log.position() if self._out_dir else 0
            self._log.cut(self._position)

    def after_step(self, trainer: Trainer) -> None:
        """A line, when it is time."""
        progress = trainer.progress
        count = progress.batch if self._by_epoch else progress.iteration
        is_last = progress.batch == trainer.batches_in_epoch and not self._ignore_last
        if count % self._interval == 0 or is_last:
            trainer.averages.collect()
            means = trainer.averages.since(self._mark)
            self._mark = trainer.averages.mark()
            self._write(trainer, self._train_line(trainer, means))

    def after_evaluation(self, trainer: Trainer) -> None:
        """A line with the scores."""
        evaluation = trainer.evaluation
        if evaluation is None:
            return
        if evaluation.mode == "test":
            line = {"mode": "test", "seed": trainer.seed, **evaluation.scores}
        else:
            line = {
                "mode": "eval",
                "split": evaluation.split,
                "epoch": evaluation.epoch,
                "iter": evaluation.num_batches,
                "lr": trainer.progress.learning_rate,
                **{f"evaluation/{key}": value for key, value in evaluation.scores.items()},
            }
        self._write(trainer, line)

    def state_dict(self) -> dict[str, Any]:
        """How long the file is, and where the averages of the next line begin."""
        return {"position": self._log.position() if self._log else 0, "mark": self._mark}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._position = state["position"]
        self._mark = state["mark"]

    def _train_line(self, trainer: Trainer, means: dict[str, float]) -> dict[str, Any]:
        progress = trainer.progress
        line: dict[str, Any] = {
            "mode": "train",
            "epoch": progress.epoch + 1,
            "iter": progress.batch if self._by_epoch else progress.iteration,
            "lr": progress.learning_rate,
        }
        if trainer.runtime.device.type == "cuda":
            line["memory"] = torch.cuda.max_memory_allocated(trainer.runtime.device) // 2**20
        return {**line, **{key: means.pop(key) for key in _FIRST if key in means}, **means}

    def _write(self, trainer: Trainer, line: dict[str, Any]) -> None:
        if self._log is not None and trainer.runtime.is_main:
            self._log.append(line)
            logger.info("%s", _sentence(line, trainer))


def _sentence(line: dict[str, Any], trainer: Trainer) -> str:
    if line["mode"] == "train":
        place = f"epoch {line['epoch']}/{trainer.max_epochs} batch {trainer.progress.batch}/{trainer.batches_in_epoch}"
    elif line["mode"] == "eval":
        place = f"epoch {line['epoch']}/{trainer.max_epochs} {line['split']}"
    else:
        place = "test"
    numbers = {key.removeprefix("evaluation/"): value for key, value in line.items() if isinstance(value, float)}
    return f"{place}: " + "  ".join(f"{key} {value:.5g}" for key, value in numbers.items())
