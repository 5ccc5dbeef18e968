"""Scores of labels for whole texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adaseq.metainfo import Metrics
from adaseq.metrics.base import Metric
from adaseq.metrics.span_scores import SpanCounts, add_counts, macro_f1, micro_scores, type_scores
from adaseq.registry import METRICS


class TextLabels(NamedTuple):
    """What is right of one text, and what was said."""

    annotated: list[str]
    predicted: list[str]


@METRICS.register(Metrics.TEXT_CLASSIFICATION)
class TextClassificationMetric(Metric):
    """Accuracy, micro- and macro-averaged F1, and the correlation of Matthews.

    `accuracy` is the share of texts whose labels are right, all of them where there are several. `precision`, `recall` and
    `f1` are over the labels of all texts together (with one label per text all three equal the accuracy), `macro-f1` is the
    mean over the labels that are annotated or predicted somewhere. `matthews`, where each text has one label, is the
    correlation for any number of classes (Gorodkin 2004, eq. 8); it is 0 where one side always says the same.

    Args:
        return_class_level_metric: also, for each label, its precision, recall, f1 and support (how many texts have it),
            rounded to 4 places.
    """

    reads = frozenset({"labels"})
    has_fixed_scores = True

    def __init__(self, return_class_level_metric: bool = False) -> None:
        self.return_class_level_metric = return_class_level_metric

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> TextLabels:
        """The labels of one text."""
        return TextLabels(given_labels(example), list(prediction["labels"]))

    def compute(self, results: list[TextLabels]) -> dict[str, Any]:
        """The scores of a split; see the class."""
        counts = add_counts(count_labels(*each) for each in results)
        micro = micro_scores(counts)
        right = sum(set(each.annotated) == set(each.predicted) for each in results)
        scores: dict[str, Any] = {
            "precision": micro.precision,
            "recall": micro.recall,
            "f1": micro.f1,
            "macro-f1": macro_f1(counts),
            "accuracy": right / len(results) if results else 0.0,
        }
        if all(len(each.annotated) == len(each.predicted) == 1 for each in results):
            scores["matthews"] = matthews([(each.annotated[0], each.predicted[0]) for each in results])
        if self.return_class_level_metric:
            scores.update(type_scores(counts))
        return scores


def given_labels(example: Any) -> list[str]:
    """The labels that an example is annotated with."""
    label = example.fields.get("label")
    return [] if label is None else [label] if isinstance(label, str) else list(label)


def count_labels(annotated: Sequence[str], predicted: Sequence[str]) -> dict[str, SpanCounts]:
    """Compare the labels of one example; the counts of each label that occurs."""
    return {
        label: SpanCounts(
            int(label in annotated and label in predicted), int(label in predicted), int(label in annotated)
        )
        for label in {*annotated, *predicted}
    }


def matthews(pairs: Sequence[tuple[str, str]]) -> float:
    """The correlation of Matthews between what is annotated and what is predicted, for any number of classes.

    With two classes it is (tp·tn - fp·fn) / sqrt((tp + fp)(tp + fn)(tn + fp)(tn + fn)).

    Args:
        pairs: for each example its annotated and its predicted class.
    """
    total = len(pairs)
    right = sum(annotated == predicted for annotated, predicted in pairs)
    annotated_counts = Counter(annotated for annotated, _ in pairs)
    predicted_counts = Counter(predicted for _, predicted in pairs)
    expected = sum(count * predicted_counts[label] for label, count in annotated_counts.items())
    spread_predicted = total**2 - sum(count**2 for count in predicted_counts.values())
    spread_annotated = total**2 - sum(count**2 for count in annotated_counts.values())
    if not spread_predicted or not spread_annotated:
        return 0.0
    return (right * total - expected) / math.sqrt(spread_predicted * spread_annotated)
