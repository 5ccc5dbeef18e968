"""How long steps take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS
from adaseq.training.hooks.base import Hook

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer


@HOOKS.register(Hooks.ITER_TIMER)
class IterTimerHook(Hook):
    """Measures `data_load_time`, how long a step waits for its batch, and `iter_time`, how long it takes altogether."""

    order = 0

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def before_run(self, trainer: Trainer) -> None:
        """Start the clock, for a run that is resumed in the midst of an epoch."""
        self._start = time.perf_counter()

    def before_epoch(self, trainer: Trainer) -> None:
        """Start the clock: what happened since the last step belongs to no step."""
        self._start = time.perf_counter()

    def before_step(self, trainer: Trainer) -> None:
        """The batch is there."""
        trainer.averages.add("data_load_time", time.perf_counter() - self._start)

    def after_step(self, trainer: Trainer) -> None:
        """The step is over."""
        now = time.perf_counter()
        trainer.averages.add("iter_time", now - self._start)
        self._start = now

    def after_evaluation(self, trainer: Trainer) -> None:
        """An evaluation between two steps belongs to neither."""
        self._start = time.perf_counter()
