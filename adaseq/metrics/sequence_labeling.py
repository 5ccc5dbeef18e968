"""Scores of taggers: spans as conlleval counts them, and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from adaseq.metainfo import Metrics
from adaseq.metrics.base import Metric
from adaseq.metrics.span_scores import SpanCounts, add_counts, count_spans, macro_f1, micro_scores, type_scores
from adaseq.registry import METRICS
from adaseq.utils.tag_schemes import PARTIAL, spans_to_tags


class SentenceCounts(NamedTuple):
    """What is right in one sentence."""

    spans: dict[str, SpanCounts]
    correct_words: int
    words: int


@METRICS.register(Metrics.SEQUENCE_LABELING, Metrics.NER, supplied=("tag_scheme",))
class SequenceLabelingMetric(Metric):
    """Precision, recall and F1 of spans, and the accuracy of the tags of words.

    A span is right if its boundaries and its type are. The scores equal those of conlleval (Tjong Kim Sang and Buchholz
    2000) and of the seqeval package. Context words, words of PARTIAL spans, and spans that touch either are not scored.

    Args:
        return_macro_f1: also the mean of the F1 of all types, `macro-f1`.
        return_class_level_metric: also, for each type, its precision, recall, f1 and support (the number of annotated
            spans), rounded to 4 places.
        mode: `strict` counts a predicted span only if the tags of its words are exactly those that the tag scheme has for
            it; by default illegal tag sequences are read leniently.
        tag_scheme: the scheme of the model's tags.
    """

    reads = frozenset({"tags"})
    has_fixed_scores = True

    def __init__(
        self,
        return_macro_f1: bool = False,
        return_class_level_metric: bool = False,
        mode: Literal["strict"] | None = None,
        tag_scheme: str = "BIOES",
    ) -> None:
        self.return_macro_f1 = return_macro_f1
        self.return_class_level_metric = return_class_level_metric
        self.is_strict = mode == "strict"
        self.tag_scheme = tag_scheme

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> SentenceCounts:
        """Count what is right in one sentence.

        Args:
            example: the Example.
            prediction: its `spans`, and its `tags`, one for each word.
        """
        tags: Sequence[str] = prediction["tags"]
        annotated = [span for span in example.spans if span["type"] != PARTIAL]
        predicted = prediction["spans"]
        if self.is_strict:
            expected = spans_to_tags(predicted, len(tags), self.tag_scheme)
            predicted = [s for s in predicted if expected[s["start"] : s["end"]] == tags[s["start"] : s["end"]]]
        right = [
            tag == gold for tag, gold in zip(tags, spans_to_tags(annotated, len(tags), self.tag_scheme), strict=True)
        ]
        if len(annotated) < len(example.spans) or example.mask is not None:
            is_scored = scored_words(example)
            annotated, predicted = _inside(annotated, is_scored), _inside(predicted, is_scored)
            right = [each for each, counts in zip(right, is_scored, strict=True) if counts]
        return SentenceCounts(count_spans(map(_key, annotated), map(_key, predicted)), sum(right), len(right))

    def compute(self, results: list[SentenceCounts]) -> dict[str, Any]:
        """The scores of a split: `precision`, `recall`, `f1`, `accuracy`, and what else was asked for."""
        counts = add_counts(each.spans for each in results)
        micro = micro_scores(counts)
        words = sum(each.words for each in results)
        correct_words = sum(each.correct_words for each in results)
        scores: dict[str, Any] = {
            "precision": micro.precision,
            "recall": micro.recall,
            "f1": micro.f1,
            "accuracy": correct_words / words if words else 0.0,
        }
        if self.return_macro_f1:
            scores["macro-f1"] = macro_f1(counts)
        if self.return_class_level_metric:
            scores.update(type_scores(counts))
        return scores


def scored_words(example: Any) -> list[bool]:
    """For each word whether a prediction for it can be right or wrong: not for context, nor where annotation is partial."""
    is_scored = [True] * len(example.tokens) if example.mask is None else list(example.mask)
    for span in example.spans:
        if span["type"] == PARTIAL:
            is_scored[span["start"] : span["end"]] = [False] * (span["end"] - span["start"])
    return is_scored


def _inside(spans: Sequence[Mapping[str, Any]], is_scored: list[bool]) -> list[Mapping[str, Any]]:
    return [span for span in spans if all(is_scored[span["start"] : span["end"]])]


def _key(span: Mapping[str, Any]) -> tuple[Any, ...]:
    # A tagger never finds an entity with gaps, which is more than its hull.
    return span["type"], span["start"], span["end"], *map(tuple, span.get("parts", ()))
