"""Scores of masked language models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from adaseq.metainfo import Metrics
from adaseq.metrics.base import Metric
from adaseq.registry import METRICS


class MaskedPieces(NamedTuple):
    """How many pieces of a text were masked, how many of them were found, and the sum of their losses."""

    masked: int
    correct: int
    loss: float


@METRICS.register(Metrics.MASKED_LANGUAGE)
class MaskedLanguageMetric(Metric):
    """`accuracy`, the share of masked pieces that are found; `loss`, the mean of minus the logarithm of their probabilities;
    and `perplexity`, e to that power.
    """

    reads = frozenset({"masked"})
    has_fixed_scores = True

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> MaskedPieces:
        """What became of the masked pieces of one text."""
        return MaskedPieces(prediction["masked"], prediction["correct"], prediction["loss"])

    def compute(self, results: list[MaskedPieces]) -> dict[str, Any]:
        """The scores of a split; see the class."""
        masked = max(sum(each.masked for each in results), 1)
        loss = math.fsum(each.loss for each in results) / masked
        accuracy = sum(each.correct for each in results) / masked
        return {"accuracy": accuracy, "loss": loss, "perplexity": math.exp(min(loss, 700.0))}
