"""Scores of relations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from adaseq.errors import AdaSeqError
from adaseq.metainfo import NO_RELATION, Metrics
from adaseq.metrics.base import Metric
from adaseq.metrics.span_scores import SpanCounts, add_counts, macro_f1, micro_scores, span_scores, type_scores
from adaseq.metrics.text_classification import count_labels
from adaseq.registry import METRICS

_DIRECTION = re.compile(r"\((?:e1,\s*e2|e2,\s*e1)\)$")


class Relation(NamedTuple):
    """The relation of one text."""

    annotated: str
    predicted: str


@METRICS.register(Metrics.RELATION_EXTRACTION)
class RelationExtractionMetric(Metric):
    """Precision, recall and F1 over all relations together, and accuracy.

    Where a text has no relation, there is nothing to find: a relation predicted there is wrong, and none predicted where there
    is one is a miss. `accuracy` counts all texts.

    Args:
        ignored: labels that mean that there is no relation.
        return_macro_f1: also the mean of the F1 of all relations, `macro-f1`.
        return_class_level_metric: also, for each relation, its precision, recall, f1 and support (how many texts have it),
            rounded to 4 places.
    """

    reads = frozenset({"label"})
    has_fixed_scores = True

    def __init__(
        self,
        ignored: list[str] | None = None,
        return_macro_f1: bool = False,
        return_class_level_metric: bool = False,
    ) -> None:
        self.ignored = [NO_RELATION] if ignored is None else list(ignored)
        self.return_macro_f1 = return_macro_f1
        self.return_class_level_metric = return_class_level_metric

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> Relation:
        """The relation of one text."""
        return _relation(example, prediction)

    def compute(self, results: list[Relation]) -> dict[str, Any]:
        """The scores of a split: `precision`, `recall`, `f1`, `accuracy`, and what else was asked for."""
        counts = add_counts(
            count_labels(*([label] if label not in self.ignored else [] for label in each)) for each in results
        )
        micro = micro_scores(counts)
        scores: dict[str, Any] = {
            "precision": micro.precision,
            "recall": micro.recall,
            "f1": micro.f1,
            "accuracy": _accuracy(results),
        }
        if self.return_macro_f1:
            scores["macro-f1"] = macro_f1(counts)
        if self.return_class_level_metric:
            scores.update(type_scores(counts))
        return scores


@METRICS.register(Metrics.SEMEVAL2010_TASK8)
class SemEval2010Task8Metric(Metric):
    """The official score of SemEval-2010 task 8 (Hendrickx et al. 2010): macro-averaged F1 that minds directions.

    Labels are `Relation(e1,e2)`, `Relation(e2,e1)` or `Other`. A relation is right if its direction is; in the wrong direction it
    counts as found wrongly and as missed. `f1` is the mean of the F1 of the relations without their directions, `Other` not
    among them, and `precision` and `recall` are the means of theirs. `accuracy` is over all texts and all labels.

    Args:
        ignored: the label of texts with no relation, or another one; it is not among those that are averaged.
        relations: the relations to average over, without directions; by default those that are annotated or predicted.
        return_class_level_metric: also, for each relation, its precision, recall, f1 and support (how many texts have it, in
            either direction), rounded to 4 places.
    """

    reads = frozenset({"label"})
    has_fixed_scores = True

    def __init__(
        self,
        ignored: str = "Other",
        relations: list[str] | None = None,
        return_class_level_metric: bool = False,
    ) -> None:
        if relations is not None and not relations:
            raise AdaSeqError(
                f"{Metrics.SEMEVAL2010_TASK8}: relations is an empty list; leave it out to average over those of the data"
            )
        self.ignored = ignored
        self.relations = relations
        self.return_class_level_metric = return_class_level_metric

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> Relation:
        """The relation of one text."""
        return _relation(example, prediction)

    def compute(self, results: list[Relation]) -> dict[str, Any]:
        """The scores of a split; see the class."""
        counts = add_counts(map(self._count, results))
        names = sorted(counts) if self.relations is None else self.relations
        nothing = SpanCounts(0, 0, 0)
        each = [span_scores(counts.get(name, nothing)) for name in names]
        scores: dict[str, Any] = {
            key: sum(getattr(one, key) for one in each) / len(each) if each else 0.0
            for key in ("precision", "recall", "f1")
        }
        scores["accuracy"] = _accuracy(results)
        if self.return_class_level_metric:
            scores.update(type_scores(counts))
        return scores

    def _count(self, relation: Relation) -> dict[str, SpanCounts]:
        """What one text adds to the counts of the relations, without their directions."""
        annotated, predicted = (None if label == self.ignored else _DIRECTION.sub("", label) for label in relation)
        is_right = relation.annotated == relation.predicted
        return {
            name: SpanCounts(int(is_right), int(name == predicted), int(name == annotated))
            for name in {annotated, predicted}
            if name is not None
        }


def _relation(example: Any, prediction: Mapping[str, Any]) -> Relation:
    return Relation(str(example.fields.get("label", NO_RELATION)), prediction["label"])


def _accuracy(results: list[Relation]) -> float:
    return sum(each.annotated == each.predicted for each in results) / len(results) if results else 0.0
