"""A moving average of the weights, which usually generalises better than the weights themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """An exponential moving average of the weights of a model (Polyak and Juditsky 1992).

    Evaluations and saved models have the average; the training goes on with the weights themselves. The first updates
    weigh more, so that the random weights of the beginning are soon forgotten.

    Args:
        model: the model.
        decay: how much of the average stays at each optimizer step.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self._updates = 0
        self._own = _tensors(model)
        self._average = [tensor.clone() for tensor in self._own]

    def update(self) -> None:
        """Take in the weights after an optimizer step."""
        self._updates += 1
        share = 1 - min(self.decay, self._updates / (9 + self._updates))
        torch._foreach_lerp_(self._average, self._own, share)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """While it lasts, the model has the average for its weights."""
        kept = [tensor.clone() for tensor in self._own]
        self.apply()
        try:
            yield
        finally:
            torch._foreach_copy_(self._own, kept)

    def apply(self) -> None:
        """Give the model the average for its weights."""
        torch._foreach_copy_(self._own, self._average)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs."""
        return {"updates": self._updates, "average": self._average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._updates = state["updates"]
        torch._foreach_copy_(self._average, state["average"])


def _tensors(model: nn.Module) -> list[Tensor]:
    """The weights that training changes, and the statistics that layers keep.

    A buffer of a single number, such as the threshold that an evaluation has set, is none of them.
    """
    trained = [each.detach() for each in model.parameters() if each.requires_grad]
    return trained + [each for each in model.buffers() if each.is_floating_point() and each.dim()]
