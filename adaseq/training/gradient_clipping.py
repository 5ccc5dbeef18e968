"""Gradient clipping."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.training.runtime import Runtime


@dataclass(frozen=True)
class GradientClipping:
    """Scales all gradients together down to a norm (Pascanu et al. 2013).

    Args:
        max_norm: the largest norm.
        norm_type: the p of the norm.
        error_if_nonfinite: stop when the norm is infinite or not a number; looking costs a little in each step.
    """

    max_norm: float
    norm_type: float = 2.0
    error_if_nonfinite: bool = False

    def apply(self, runtime: Runtime, parameters: list[nn.Parameter]) -> None:
        """Clip the gradients of parameters.

        Raises:
            AdaSeqError: their norm is not finite, and that was to be an error.
        """
        norm = runtime.clip_gradients(parameters, self.max_norm, self.norm_type)
        if self.error_if_nonfinite and not norm.isfinite():
            raise AdaSeqError(
                f"The norm of the gradients is {norm.item()}, and train.optimizer.options.grad_clip.error_if_nonfinite is "
                "set. Lower the learning rate, or look at the data."
            )
