"""Scores boundaries alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.metrics.base import Metric
from adaseq.registry import METRICS


@METRICS.register("boundary-metric")
class BoundaryMetric(Metric):
    """Precision, recall and F1 of where spans are, whatever their type.

    Args:
        prefix: goes in front of the names of the scores, to keep them apart from those of other metrics.
    """

    def __init__(self, prefix: str = "boundary-") -> None:
        self.prefix = prefix

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> tuple[int, int, int]:
        """How many spans of one sentence are right, predicted and annotated."""
        predicted = {(span["start"], span["end"]) for span in prediction["spans"]}
        annotated = {(span["start"], span["end"]) for span in example.spans}
        return len(predicted & annotated), len(predicted), len(annotated)

    def compute(self, results: list[tuple[int, int, int]]) -> dict[str, Any]:
        """The scores of the split, from what `measure` returned for each of its sentences."""
        right, predicted, annotated = map(sum, zip(*results, strict=True)) if results else (0, 0, 0)
        precision = right / predicted if predicted else 0.0
        recall = right / annotated if annotated else 0.0
        f1 = 2 * precision * recall / (precision + recall) if right else 0.0
        return {f"{self.prefix}precision": precision, f"{self.prefix}recall": recall, f"{self.prefix}f1": f1}
