"""Precision, recall and F1 from counts of spans, equal to conlleval and seqeval.

A score whose denominator is zero is zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class SpanCounts(NamedTuple):
    """How many spans are right, predicted and annotated."""

    correct: int
    predicted: int
    annotated: int


class SpanScores(NamedTuple):
    """The scores that follow from counts; `support` is the number of annotated spans."""

    precision: float
    recall: float
    f1: float
    support: int

    @classmethod
    def of(cls, right: float, predicted: int, found: float, annotated: int) -> SpanScores:
        """The scores that follow from how many there are.

        Args:
            right: how many of the predicted spans are right.
            predicted: of how many.
            found: how many of the annotated spans were found.
            annotated: of how many.
        """
        precision = right / predicted if predicted else 0.0
        recall = found / annotated if annotated else 0.0
        return cls(precision, recall, harmonic_mean(precision, recall), annotated)


def harmonic_mean(precision: float, recall: float) -> float:
    """F1."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def count_spans(annotated: Iterable[tuple[Any, ...]], predicted: Iterable[tuple[Any, ...]]) -> dict[str, SpanCounts]:
    """Compare two sets of spans, `(type, …)`.

    Returns:
        The counts of each type that occurs in either.
    """
    annotated, predicted = set(annotated), set(predicted)
    counts: dict[str, list[int]] = {}
    for place, spans in enumerate((annotated & predicted, predicted, annotated)):
        for span in spans:
            counts.setdefault(span[0], [0, 0, 0])[place] += 1
    return {name: SpanCounts(*numbers) for name, numbers in counts.items()}


def add_counts(parts: Iterable[Mapping[str, SpanCounts]]) -> dict[str, SpanCounts]:
    """The sums over many examples, by type, in the order of their names."""
    totals: dict[str, list[int]] = {}
    for part in parts:
        for name, counts in part.items():
            total = totals.setdefault(name, [0, 0, 0])
            for place, number in enumerate(counts):
                total[place] += number
    return {name: SpanCounts(*totals[name]) for name in sorted(totals)}


def span_scores(counts: SpanCounts) -> SpanScores:
    """Precision, recall and their harmonic mean."""
    return SpanScores.of(counts.correct, counts.predicted, counts.correct, counts.annotated)


def type_scores(counts: Mapping[str, SpanCounts]) -> dict[str, dict[str, float]]:
    """For each type its precision, recall, f1 and support, rounded to 4 places."""
    return {
        name: {key: round(value, 4) for key, value in span_scores(each)._asdict().items()}
        for name, each in counts.items()
    }


def micro_scores(counts: Mapping[str, SpanCounts]) -> SpanScores:
    """The scores over the spans of all types together."""
    return span_scores(SpanCounts(*(sum(each[place] for each in counts.values()) for place in range(3))))


def macro_f1(counts: Mapping[str, SpanCounts]) -> float:
    """The unweighted mean of the F1 of each type that is annotated or predicted."""
    return sum(span_scores(each).f1 for each in counts.values()) / len(counts) if counts else 0.0
