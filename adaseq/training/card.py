"""What a run tells in the card of its model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adaseq.data.example import Example
from adaseq.metrics.base import Dumper
from adaseq.metrics.sequence_labeling import scored_words
from adaseq.metrics.span_scores import SpanCounts, add_counts, count_spans, span_scores
from adaseq.models.model_card import RunFacts
from adaseq.training.build import PreparedData
from adaseq.utils.tag_schemes import PARTIAL

_EXAMPLES, _LOOKED_AT, _LONGEST = 3, 5_000, 40
_WHOLE = (-1, -1)
_NO_RELATION = "None"


class LabelScores(Dumper):
    """Counts, beside the scores that were asked for, what is right of each label; writes nothing.

    Attributes:
        scores: `precision`, `recall`, `f1` and `support` by label, after a test.
    """

    def __init__(self) -> None:
        self.scores: dict[str, dict[str, float]] = {}

    def measure(self, example: Example, prediction: Mapping[str, Any]) -> dict[str, SpanCounts]:
        """Count what is right in one example."""
        annotated = _labelled(example.spans, example.fields.get("label"))
        predicted = _labelled(prediction.get("spans") or (), prediction.get("labels", prediction.get("label")))
        if example.mask is not None or any(span["type"] == PARTIAL for span in example.spans):
            is_scored = scored_words(example)
            annotated, predicted = (
                [each for each in found if each[1:] == _WHOLE or all(is_scored[each[1] : each[2]])]
                for found in (annotated, predicted)
            )
        return count_spans(annotated, predicted)

    def write(self, results: Iterable[dict[str, SpanCounts]]) -> None:
        """Keep the scores."""
        self.scores = {label: span_scores(counts)._asdict() for label, counts in add_counts(results).items()}


def run_facts(
    data: PreparedData, record: Mapping[str, Any], values: Mapping[str, Any], scores: LabelScores
) -> RunFacts:
    """What the card tells beside configuration, labels and test scores.

    Args:
        data: the data of the run.
        record: what `run.json` says.
        values: what is known about its end: `best_epoch`, `best`.
        scores: those of each label.
    """
    splits = data.manager.splits
    facts = {"seed": record.get("seed"), "best epoch": values.get("best_epoch")}
    return RunFacts(
        examples=label_examples(splits["train"], data.manager.labels, data.manager.text_splitter == "char"),
        counts=data.manager.label_counts.get("train", {}),
        type_scores={label: scores.scores[label] for label in data.manager.labels if label in scores.scores},
        valid=values.get("best") or {},
        sizes={name: len(split) for name, split in splits.items()},
        fingerprints=data.manager.fingerprints,
        versions=record.get("versions") or {},
        facts={name: value for name, value in facts.items() if value is not None},
    )


def label_examples(examples: Sequence[Example], labels: Sequence[str], is_unsegmented: bool) -> dict[str, list[str]]:
    """A few different expressions of each label.

    Args:
        examples: the training data, of which only the beginning is looked at.
        labels: the labels.
        is_unsegmented: whether words stand together without blanks.
    """
    found: dict[str, list[str]] = {label: [] for label in labels}
    wanted = set(labels)
    for number in range(min(len(examples), _LOOKED_AT)):
        if not wanted:
            break
        example = examples[number]
        for label, start, end in _labelled(example.spans, example.fields.get("label")):
            begin, stop = (0, len(example.tokens)) if (start, end) == _WHOLE else (start, end)
            expression = _text(example, begin, stop, is_unsegmented)
            if label in wanted and expression not in found[label]:
                found[label].append(expression)
                if len(found[label]) == _EXAMPLES:
                    wanted.discard(label)
    return {label: expressions for label, expressions in found.items() if expressions}


def _labelled(spans: Iterable[Mapping[str, Any]], whole: Any) -> list[tuple[str, int, int]]:
    """Every label with its place; one of the whole example has a place of its own."""
    found = [
        (label, span["start"], span["end"])
        for span in spans
        if span["type"] != PARTIAL
        for label in span.get("types", [span["type"]])
    ]
    labels = [whole] if isinstance(whole, str) else list(whole or ())
    return found + [(label, *_WHOLE) for label in labels if label != _NO_RELATION]


def _text(example: Example, start: int, end: int, is_unsegmented: bool) -> str:
    if example.text is not None and example.offsets is not None:
        text = example.text[example.offsets[start][0] : example.offsets[end - 1][1]] if end > start else ""
    else:
        text = ("" if is_unsegmented else " ").join(example.tokens[start:end])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
