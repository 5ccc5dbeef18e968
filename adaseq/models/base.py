"""What every model promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.registry import MODELS, Registry

Batch = dict[str, Any]
Prediction = dict[str, Any]


class Model(nn.Module):
    """A network for one task, composed of an embedder, an encoder and a decoder.

    Attributes:
        pipeline: the type of the ModelScope pipeline that serves it; None if there is none.
        answers_empty: whether it says something about a text without any word.
    """

    registry: ClassVar[Registry] = MODELS
    pipeline: ClassVar[str | None] = None
    answers_empty: ClassVar[bool] = False

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The training step: `loss`, a scalar, and where they are kept the scores, `logits`."""
        raise NotImplementedError

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The predictions for a batch, in its order, as plain Python.

        Args:
            batch: what the model's collator makes; labels are not needed.
            with_prob: also compute the probability of each span under the model, as `prob`.

        Returns:
            For each example `spans`, a list of `{start, end, type}` in word indices, and what else the task predicts.
        """
        raise NotImplementedError

    def decode_possible(self, batch: Batch) -> list[Prediction]:
        """The predictions for a batch, with all that some other threshold would let through.

        Raises:
            ModelError: the model has no threshold.
        """
        raise ModelError(f"{type(self).__name__} has no threshold that could be tuned; evaluate it with another metric")

    def set_threshold(self, threshold: float) -> None:
        """Predict with another threshold from now on; it is saved with the weights.

        Args:
            threshold: the probability above which something is predicted.
        """

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this model, without its weights, from a model folder alone."""
        return dict(block)

    def upgraded(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weights that AdaSeq 0.6 saved, under the names and in the shapes of today; others as they are.

        Args:
            weights: the state dict.
        """
        return weights

    def save_assets(self, folder: Path) -> None:
        """Write what that block refers to, the backbone's configuration above all, into the model folder."""
