"""Scores of the types of mentions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adaseq.metainfo import Metrics
from adaseq.metrics.base import Metric
from adaseq.metrics.span_scores import SpanCounts, add_counts, harmonic_mean, span_scores, type_scores
from adaseq.metrics.text_classification import count_labels
from adaseq.registry import METRICS
from adaseq.utils.tag_schemes import PARTIAL


class MentionTypes(NamedTuple):
    """The types of one mention."""

    annotated: list[str]
    predicted: list[str]


@METRICS.register(Metrics.TYPING)
class TypingMetric(Metric):
    """Precision, recall and F1 of the types of mentions, as in the papers on ultra-fine typing (Choi et al. 2018, section 5.3).

    `precision` and `recall` are means over mentions (loose macro), and `f1` is their harmonic mean. `micro_precision`,
    `micro_recall` and `micro_f1` are over the types of all mentions together. `accuracy` is the share of mentions that have
    exactly the right types (strict). `avg_true_label` and `avg_pred_label` say how many types a mention has, and gets.

    Args:
        skip_empty: leave mentions without a predicted type out of the precision, and those without an annotated one out of the
            recall, as the script of Choi et al. does; by default they count 0.
        return_class_level_metric: also, for each type, its precision, recall, f1 and support (how many mentions have it),
            rounded to 4 places.
    """

    reads = frozenset({"types"})
    has_fixed_scores = True

    def __init__(self, skip_empty: bool = False, return_class_level_metric: bool = False) -> None:
        self.skip_empty = skip_empty
        self.return_class_level_metric = return_class_level_metric

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> list[MentionTypes]:
        """The types of each mention of one example."""
        return [
            MentionTypes(given_types(mention), list(found["types"]))
            for mention, found in zip(example.spans, prediction["spans"], strict=True)
        ]

    def compute(self, results: list[list[MentionTypes]]) -> dict[str, Any]:
        """The scores of a split; see the class."""
        found = [mention for each in results for mention in each]
        counts = [_counts(*mention) for mention in found]
        scores = typing_scores(counts, self.skip_empty)
        if self.return_class_level_metric:
            scores.update(type_scores(add_counts(count_labels(*mention) for mention in found)))
        return scores


def given_types(mention: Mapping[str, Any]) -> list[str]:
    """The types that a mention is annotated with."""
    types = mention["types"] if "types" in mention else [] if mention["type"] == PARTIAL else [mention["type"]]
    return list(dict.fromkeys(types))


def typing_scores(counts: Sequence[SpanCounts], skip_empty: bool = False) -> dict[str, Any]:
    """The scores that follow from the counts of types that are right, predicted and annotated, of each mention.

    Args:
        counts: of each mention.
        skip_empty: means leave out mentions without a type.
    """
    precision = _mean([(each.correct, each.predicted) for each in counts], skip_empty)
    recall = _mean([(each.correct, each.annotated) for each in counts], skip_empty)
    total = SpanCounts(*(sum(column) for column in zip(*counts, strict=True))) if counts else SpanCounts(0, 0, 0)
    micro = span_scores(total)
    count = max(len(counts), 1)
    return {
        "precision": precision,
        "recall": recall,
        "f1": harmonic_mean(precision, recall),
        "accuracy": sum(each.correct == each.predicted == each.annotated for each in counts) / count,
        "micro_precision": micro.precision,
        "micro_recall": micro.recall,
        "micro_f1": micro.f1,
        "avg_true_label": total.annotated / count,
        "avg_pred_label": total.predicted / count,
    }


def _mean(parts: Sequence[tuple[int, int]], skip_empty: bool) -> float:
    shares = [part / whole if whole else 0.0 for part, whole in parts if whole or not skip_empty]
    return sum(shares) / len(shares) if shares else 0.0


def _counts(annotated: Sequence[str], predicted: Sequence[str]) -> SpanCounts:
    there, found = set(annotated), set(predicted)
    return SpanCounts(len(there & found), len(found), len(there))
