"""The threshold that gives the best types on the validation data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from adaseq.metainfo import Metrics
from adaseq.metrics.base import Metric
from adaseq.metrics.entity_typing import given_types, typing_scores
from adaseq.metrics.span_scores import SpanCounts, harmonic_mean
from adaseq.registry import METRICS

# Where to look: first far apart, then close to the best of these. Less than the lowest is never shown by models.
_COARSE = np.linspace(0.05, 0.95, 10)
_FINE = 30
_LOWEST, _HIGHEST = 0.01, 0.99
_DEFAULT = 0.5


class PossibleTypes(NamedTuple):
    """What is known of one mention.

    Attributes:
        annotated: how many types it has.
        probabilities: of the types that are possible, or that are predicted.
        is_right: which of these are annotated.
        fewest: how many of them, the first ones, are predicted whatever the threshold.
        is_open: whether the threshold has still to be chosen.
    """

    annotated: int
    probabilities: list[float]
    is_right: list[bool]
    fewest: int
    is_open: bool


@METRICS.register(Metrics.TYPING_THRESHOLD)
class TypingThresholdMetric(Metric):
    """The scores of `typing-metric`, with the probability above which types are predicted chosen on the validation data.

    On the validation data it looks for the threshold with the best `f1` (of means over mentions): ten of them far apart, then
    thirty around the best one. The scores are those with that `threshold`, which the model takes over: it is saved with the
    weights, and decides on the test data and in prediction.

    Args:
        skip_empty: leave mentions without a predicted type out of the precision, and those without an annotated one out of the
            recall; by default they count 0.
    """

    reads = frozenset({"types"})
    has_fixed_scores = True
    tunes_threshold: ClassVar[bool] = True

    def __init__(self, skip_empty: bool = False) -> None:
        self.skip_empty = skip_empty

    def may_give(self, name: str) -> bool:
        """Whether there may be a score of some name, `threshold` among them."""
        return super().may_give(name) or name == "threshold"

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> list[PossibleTypes]:
        """What is known of each mention of one example: of validation data all that is possible, else what is predicted."""
        measured = []
        for mention, found in zip(example.spans, prediction["spans"], strict=True):
            annotated = set(given_types(mention))
            if "possible" in found:
                types, fewest = [name for name, _ in found["possible"]], found["fewest"]
                probabilities = [probability for _, probability in found["possible"]]
            else:
                types, fewest = found["types"], len(found["types"])
                probabilities = [1.0] * fewest
            is_right = [name in annotated for name in types]
            measured.append(PossibleTypes(len(annotated), probabilities, is_right, fewest, "possible" in found))
        return measured

    def compute(self, results: list[list[PossibleTypes]]) -> dict[str, Any]:
        """The scores of a split; with `threshold` if there was a choice."""
        found = [mention for each in results for mention in each]
        table = _Table(found, self.skip_empty)
        if not any(each.is_open for each in found):
            return typing_scores(table.counts(_DEFAULT), self.skip_empty)
        threshold = table.best_threshold()
        return {**typing_scores(table.counts(threshold), self.skip_empty), "threshold": threshold}


class _Table:
    """The possible types of all mentions, for scoring many thresholds fast.

    Args:
        mentions: the mentions.
        skip_empty: means leave out mentions without a type.
    """

    def __init__(self, mentions: Sequence[PossibleTypes], skip_empty: bool) -> None:
        self._skip_empty = skip_empty
        lengths = [len(each.probabilities) for each in mentions]
        self._annotated = np.asarray([each.annotated for each in mentions], np.int64)
        # The model compares in float32 too.
        self._probabilities = np.asarray([p for each in mentions for p in each.probabilities], np.float32)
        self._is_right = np.asarray([right for each in mentions for right in each.is_right], np.bool_)
        self._mention = np.repeat(np.arange(len(mentions)), lengths)
        rank = np.arange(len(self._mention)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        self._is_always = rank < np.repeat([each.fewest for each in mentions], lengths)

    def best_threshold(self) -> float:
        """The one with the best F1; of several the one closest to a half."""
        coarse = self._best(_COARSE)
        step = float(_COARSE[1] - _COARSE[0])
        fine = np.linspace(max(coarse - step, _LOWEST), min(coarse + step, _HIGHEST), _FINE)
        return self._best([coarse, *fine])

    def counts(self, threshold: float) -> list[SpanCounts]:
        """What is right, predicted and annotated of each mention."""
        columns = (*self._right_and_predicted(threshold), self._annotated)
        return [SpanCounts(*each) for each in zip(*(column.tolist() for column in columns), strict=True)]

    def _best(self, thresholds: Sequence[float] | np.ndarray) -> float:
        rounded = sorted({round(float(each), 4) for each in thresholds}, key=lambda each: abs(each - _DEFAULT))
        return max(rounded, key=self._f1)

    def _f1(self, threshold: float) -> float:
        right, predicted = self._right_and_predicted(threshold)
        means = []
        for whole in (predicted, self._annotated):
            shares = right / np.maximum(whole, 1)
            shares = shares[whole > 0] if self._skip_empty else shares
            means.append(float(shares.mean()) if len(shares) else 0.0)
        return harmonic_mean(*means)

    def _right_and_predicted(self, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        chosen = (self._probabilities > np.float32(threshold)) | self._is_always
        count = len(self._annotated)
        predicted = np.bincount(self._mention[chosen], minlength=count)
        return np.bincount(self._mention[chosen & self._is_right], minlength=count), predicted
