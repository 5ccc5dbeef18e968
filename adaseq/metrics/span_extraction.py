"""Scores of span models: flat, nested and discontinuous entities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from adaseq.metainfo import Metrics
from adaseq.metrics.base import Metric
from adaseq.metrics.muc import SCHEMES, Entity, MucCounts, Parts, compare
from adaseq.metrics.sequence_labeling import scored_words
from adaseq.metrics.span_scores import (
    SpanCounts,
    SpanScores,
    add_counts,
    count_spans,
    harmonic_mean,
    micro_scores,
    span_scores,
)
from adaseq.registry import METRICS
from adaseq.utils.tag_schemes import PARTIAL


class DepthCounts(NamedTuple):
    """The entities of one depth: how many of the predicted and of the annotated ones there are, and how many are right."""

    predicted: int
    predicted_correct: int
    annotated: int
    annotated_correct: int


class SentenceCounts(NamedTuple):
    """What is right in one sentence.

    Attributes:
        types: by type.
        boundaries: whatever the type.
        depths: by depth: 1 for entities in no other one.
        discontinuous: the entities with gaps.
        muc: by scheme; None if that was not asked for.
    """

    types: dict[str, SpanCounts]
    boundaries: SpanCounts
    depths: dict[int, DepthCounts]
    discontinuous: SpanCounts
    muc: dict[str, MucCounts] | None


@METRICS.register(Metrics.SPAN_EXTRACTION)
class SpanExtractionMetric(Metric):
    """Precision, recall and F1 of entities, which may overlap, lie in each other and have gaps.

    An entity is right if all of its words and its type are. Beside `precision`, `recall` and `f1` over all of them there are,
    each with these three:

    - `-MACRO`: the means over the types of precision and recall, and their harmonic mean;
    - `-UNLABELED`: whatever the type;
    - `-TYPE` for each type;
    - `-DEPTH-1`, `-DEPTH-2`, … where entities are nested: those that lie in no other one, in one, …;
    - `-DISCONTINUOUS`, where there are such entities;
    - with `muc`, `-STRICT`, `-EXACT`, `-PARTIAL-OVERLAP` and `-TYPE-OVERLAP`: the schemes of MUC-5 and SemEval-2013 task 9, which
      compare each annotated entity with the predicted one that resembles it most. It is right if words and type are the same
      (strict), if the words are (exact), if the words are, and half right if some are (partial), or if some words and the type
      are (type).

    Context words, words of PARTIAL spans, and entities that touch either are not scored.

    Args:
        muc: also those schemes.
    """

    reads = frozenset({"spans"})
    has_fixed_scores = True

    def __init__(self, muc: bool = False) -> None:
        self.muc = muc

    def may_give(self, name: str) -> bool:
        """Whether there may be a score of some name: those of types and depths depend on the data."""
        return super().may_give(name) or name.startswith(("precision-", "recall-", "f1-"))

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> SentenceCounts:
        """Count what is right in one sentence."""
        spans = [span for span in example.spans if span["type"] != PARTIAL]
        annotated, predicted = _entities(spans), _entities(prediction["spans"])
        if len(spans) < len(example.spans) or example.mask is not None:
            is_scored = scored_words(example)
            annotated, predicted = _inside(annotated, is_scored), _inside(predicted, is_scored)
        return SentenceCounts(
            count_spans(annotated, predicted),
            _counts({parts for _, parts in annotated}, {parts for _, parts in predicted}),
            _by_depth(annotated, predicted),
            _counts(*({each for each in side if len(each[1]) > 1} for side in (annotated, predicted))),
            compare(annotated, predicted) if self.muc else None,
        )

    def compute(self, results: list[SentenceCounts]) -> dict[str, Any]:
        """The scores of a split; see the class."""
        types = add_counts(each.types for each in results)
        scores = _named(micro_scores(types), "")
        scores.update(_macro(types))
        scores.update(_named(span_scores(_sum(each.boundaries for each in results)), "-UNLABELED"))
        for name, counts in types.items():
            scores.update(_named(span_scores(counts), f"-{name}"))
        depths = _sum_depths(each.depths for each in results)
        if len(depths) > 1:
            for depth in sorted(depths):
                numbers = depths[depth]
                found = SpanScores.of(
                    numbers.predicted_correct, numbers.predicted, numbers.annotated_correct, numbers.annotated
                )
                scores.update(_named(found, f"-DEPTH-{depth}"))
        discontinuous = _sum(each.discontinuous for each in results)
        if any(discontinuous):
            scores.update(_named(span_scores(discontinuous), "-DISCONTINUOUS"))
        if self.muc:
            for name in SCHEMES:
                total = MucCounts.add(each.muc[name] for each in results if each.muc is not None)
                scores.update(_named(total.scores(), f"-{name}"))
        return scores


def _entities(spans: Iterable[Mapping[str, Any]]) -> set[Entity]:
    return {
        (
            span["type"],
            tuple((int(start), int(end)) for start, end in span.get("parts") or [(span["start"], span["end"])]),
        )
        for span in spans
    }


def _inside(entities: set[Entity], is_scored: Sequence[bool]) -> set[Entity]:
    return {each for each in entities if all(all(is_scored[start:end]) for start, end in each[1])}


def _counts(annotated: set[Any], predicted: set[Any]) -> SpanCounts:
    return SpanCounts(len(annotated & predicted), len(predicted), len(annotated))


def _by_depth(annotated: set[Entity], predicted: set[Entity]) -> dict[int, DepthCounts]:
    counts: dict[int, list[int]] = {}
    for place, (side, other) in enumerate(((predicted, annotated), (annotated, predicted))):
        depths = _depths({parts for _, parts in side})
        for entity in side:
            numbers = counts.setdefault(depths[entity[1]], [0, 0, 0, 0])
            numbers[2 * place] += 1
            numbers[2 * place + 1] += entity in other
    return {depth: DepthCounts(*numbers) for depth, numbers in counts.items()}


def _depths(ranges: set[Parts]) -> dict[Parts, int]:
    """How many ranges each one lies in, itself included; the same words with several types are one."""
    if len(ranges) == 1:
        return dict.fromkeys(ranges, 1)
    words = {parts: frozenset(word for start, end in parts for word in range(start, end)) for parts in ranges}
    return {parts: sum(words[parts] <= other for other in words.values()) for parts in ranges}


def _sum(parts: Iterable[SpanCounts]) -> SpanCounts:
    return SpanCounts(*(sum(column) for column in zip(SpanCounts(0, 0, 0), *parts, strict=True)))


def _sum_depths(parts: Iterable[Mapping[int, DepthCounts]]) -> dict[int, DepthCounts]:
    totals: dict[int, DepthCounts] = {}
    for part in parts:
        for depth, counts in part.items():
            before = totals.get(depth, DepthCounts(0, 0, 0, 0))
            totals[depth] = DepthCounts(*(a + b for a, b in zip(before, counts, strict=True)))
    return totals


def _macro(types: Mapping[str, SpanCounts]) -> dict[str, float]:
    each = [span_scores(counts) for counts in types.values()]
    precision = sum(scores.precision for scores in each) / len(each) if each else 0.0
    recall = sum(scores.recall for scores in each) / len(each) if each else 0.0
    return _named(SpanScores(precision, recall, harmonic_mean(precision, recall), 0), "-MACRO")


def _named(scores: SpanScores, suffix: str) -> dict[str, float]:
    return {f"{name}{suffix}": getattr(scores, name) for name in ("precision", "recall", "f1")}
