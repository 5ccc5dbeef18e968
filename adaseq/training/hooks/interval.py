"""Every so many epochs or batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer


@dataclass(frozen=True)
class Interval:
    """When something that recurs is due.

    Args:
        every: after every so many epochs, or batches; 0 for never.
        by_epoch: count epochs; otherwise batches since the start of the run.
        strategy: `by_epoch`, `by_step` or `no`; wins over `by_epoch`.
        start: the first epoch or batch, counted from 1.
    """

    every: int
    by_epoch: bool = True
    strategy: str | None = None
    start: int | None = None

    def is_due_after_step(self, trainer: Trainer) -> bool:
        """Whether it is time after the batch just used."""
        return not self._counts_epochs and self._is_due(trainer.progress.iteration)

    def is_due_after_epoch(self, trainer: Trainer) -> bool:
        """Whether it is time after the epoch just finished."""
        return self._counts_epochs and self._is_due(trainer.progress.epoch + 1)

    @property
    def _counts_epochs(self) -> bool:
        return self.by_epoch if self.strategy is None else self.strategy == "by_epoch"

    def _is_due(self, count: int) -> bool:
        if self.every <= 0 or self.strategy == "no" or count < (self.start or 1):
            return False
        return (count - (self.start or 0)) % self.every == 0
