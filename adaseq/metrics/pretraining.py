"""Scores of the model that learns mentions, their types, and to look for types that it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from adaseq.metainfo import Metrics
from adaseq.metrics.base import Metric
from adaseq.metrics.sequence_labeling import scored_words
from adaseq.metrics.span_scores import SpanCounts, add_counts, count_spans, micro_scores, type_scores
from adaseq.registry import METRICS
from adaseq.utils.tag_schemes import PARTIAL


class MentionCounts(NamedTuple):
    """What is right in one sentence: by type, whatever the type, and whether prompts were used."""

    types: dict[str, SpanCounts]
    boundaries: dict[str, SpanCounts]
    is_prompted: bool


@METRICS.register(Metrics.PRETRAINING)
class PretrainingMetric(Metric):
    """Precision, recall and F1 of mentions, each with a type, of which they may have several.

    `ident_precision`, `ident_recall` and `ident_f1` are those of mentions whatever their type. Those of mentions with their
    types are `precision`, `recall` and `f1`, and once more under a name that says how they were found: `typing_f1`, … in two
    stages, `prompt_f1`, … with prompts; of mentions of other types than those that were asked for nothing is scored then. Context
    words, and words of PARTIAL spans, are not scored.

    Args:
        return_class_level_metric: also, for each type, its precision, recall, f1 and support, rounded to 4 places.
        mode: what AdaSeq 0.6 passed on to seqeval; spans are compared as they are in either mode.
    """

    reads = frozenset({"spans"})
    has_fixed_scores = True

    def __init__(self, return_class_level_metric: bool = False, mode: Literal["strict"] | None = None) -> None:
        self.return_class_level_metric = return_class_level_metric

    def may_give(self, name: str) -> bool:
        """Whether there may be a score of some name: those with prompts depend on how the model was asked."""
        return super().may_give(name) or name in ("prompt_precision", "prompt_recall", "prompt_f1")

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> MentionCounts:
        """Count what is right in one sentence."""
        is_scored = scored_words(example)
        annotated = _with_types([span for span in example.spans if span["type"] != PARTIAL], is_scored)
        predicted = _with_types(prediction["spans"], is_scored)
        asked = prediction.get("prompted") or []
        if asked:
            annotated = {each for each in annotated if each[0] in asked}
        boundaries = count_spans(*({("", start, end) for _, start, end in each} for each in (annotated, predicted)))
        return MentionCounts(count_spans(annotated, predicted), boundaries, bool(asked))

    def compute(self, results: list[MentionCounts]) -> dict[str, Any]:
        """The scores of a split; see the class."""
        types = add_counts(each.types for each in results)
        boundaries = micro_scores(add_counts(each.boundaries for each in results))
        both = micro_scores(types)
        how = "prompt" if any(each.is_prompted for each in results) else "typing"
        scores: dict[str, Any] = {}
        for prefix, each in (("", both), (f"{how}_", both), ("ident_", boundaries)):
            scores |= {f"{prefix}{name}": getattr(each, name) for name in ("precision", "recall", "f1")}
        if self.return_class_level_metric:
            scores.update(type_scores(types))
        return scores


def _with_types(spans: Sequence[Mapping[str, Any]], is_scored: Sequence[bool]) -> set[tuple[str, int, int]]:
    """Each span with each of its types, of those that are scored."""
    return {
        (label, span["start"], span["end"])
        for span in spans
        if all(is_scored[span["start"] : span["end"]])
        for label in span.get("types", [span["type"]])
    }
