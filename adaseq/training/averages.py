"""Averages of what is measured in every step, without waiting for the device in every step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from adaseq.errors import AdaSeqError

if TYPE_CHECKING:
    from adaseq.training.runtime import Runtime

Mark = dict[str, tuple[float, int]]
# Losses wait on the device until somebody asks for them, or until there are this many.
_MOST_PENDING = 1000


class NonFiniteLoss(AdaSeqError):
    """A loss became infinite or not a number.

    Args:
        iteration: the batch, counted from 1 since the start.
        examples: the numbers of the examples in it.
    """

    def __init__(self, iteration: int, loss: float, examples: list[int]) -> None:
        self.iteration, self.loss, self.examples = iteration, loss, examples
        super().__init__(f"The loss of batch {iteration} is {loss}.")


class Averages:
    """Running sums of named values; whoever logs remembers a mark and asks for the means since then.

    Losses stay on the device until `collect` is called, which also checks that they are finite.

    Args:
        runtime: averages the losses over the processes.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._totals: Mark = {}
        self._pending: list[tuple[int, Tensor, Tensor]] = []

    def add(self, name: str, value: float) -> None:
        """Count a value that is known on the host."""
        total, count = self._totals.get(name, (0.0, 0))
        self._totals[name] = (total + value, count + 1)

    def add_loss(self, iteration: int, loss: Tensor, examples: Tensor) -> None:
        """Count the loss of a batch, a scalar on the device; `examples` (B,) are the numbers of its examples."""
        self._pending.append((iteration, loss, examples))
        if len(self._pending) >= _MOST_PENDING:
            self.collect()

    def collect(self) -> None:
        """Bring the losses to the host, averaged over the processes. All processes call it at the same iteration.

        Raises:
            NonFiniteLoss: one of them is infinite or not a number.
        """
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        local = torch.stack([loss for _, loss, _ in pending]).float()
        losses: list[float] = (self._runtime.mean(local) if self._runtime.world_size > 1 else local).tolist()
        for place, loss in enumerate(losses):
            if not math.isfinite(loss):
                iteration, own, examples = pending[place]
                culprits = self._runtime.gather([] if math.isfinite(own.item()) else examples.tolist())
                raise NonFiniteLoss(iteration, loss, culprits)
            self.add("loss", loss)

    def mark(self) -> Mark:
        """Where the sums stand now."""
        return dict(self._totals)

    def since(self, mark: Mark) -> dict[str, float]:
        """The means of what was counted after a mark."""
        means = {}
        for name, (total, count) in self._totals.items():
            total_before, count_before = mark.get(name, (0.0, 0))
            if count > count_before:
                means[name] = (total - total_before) / (count - count_before)
        return means

    def state_dict(self) -> dict[str, Any]:
        """As plain values, once everything is collected."""
        return {"totals": self.mark()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._totals = state["totals"]
