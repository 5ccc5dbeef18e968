"""A progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS
from adaseq.training.averages import Mark
from adaseq.training.hooks.base import Hook

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer

logger = logging.getLogger(__name__)


@HOOKS.register(Hooks.PROGRESS)
class ProgressHook(Hook):
    """Shows how far an epoch is, and at its end its mean loss and its duration."""

    order = 80

    def __init__(self) -> None:
        self._bar: Any = None
        self._mark: Mark = {}
        self._start = time.perf_counter()

    def before_run(self, trainer: Trainer) -> None:
        """Show the bar of an epoch that is resumed in its midst."""
        if trainer.progress.batch and not trainer.progress.is_epoch_done:
            self._open(trainer)

    def before_epoch(self, trainer: Trainer) -> None:
        """Begin a bar."""
        self._mark = trainer.averages.mark()
        self._open(trainer)

    def after_step(self, trainer: Trainer) -> None:
        """Move it."""
        if self._bar is not None:
            self._bar.update()

    def after_epoch(self, trainer: Trainer) -> None:
        """Close it and say what the epoch was like."""
        self._close()
        trainer.averages.collect()
        loss = trainer.averages.since(self._mark).get("loss", float("nan"))
        if trainer.runtime.is_main:
            logger.info(
                "epoch %d/%d done: %d batches, mean loss %.5f, %.1f s",
                trainer.progress.epoch + 1,
                trainer.max_epochs,
                trainer.batches_in_epoch,
                loss,
                time.perf_counter() - self._start,
            )

    def after_run(self, trainer: Trainer) -> None:
        """Close a bar that an early stop left open."""
        self._close()

    def state_dict(self) -> dict[str, Any]:
        """Where the averages of the epoch begin."""
        return {"mark": self._mark}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._mark = state["mark"]

    def _open(self, trainer: Trainer) -> None:
        self._start = time.perf_counter()
        if not trainer.runtime.is_main or not sys.stderr.isatty():
            return
        from tqdm import tqdm

        self._bar = tqdm(
            total=trainer.batches_in_epoch,
            initial=trainer.progress.batch,
            desc=f"epoch {trainer.progress.epoch + 1}/{trainer.max_epochs}",
            unit="batch",
            leave=False,
            file=sys.stderr,
        )

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
