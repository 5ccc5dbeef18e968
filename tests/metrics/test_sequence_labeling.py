"""The scores of taggers equal those of seqeval, and leave out what is not annotated."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import seqeval.metrics
import seqeval.scheme
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.example import Example, Span
from adaseq.data.tags import tags_to_spans
from adaseq.metrics.sequence_labeling import SequenceLabelingMetric
from adaseq.registry import METRICS

TYPES = ("PER", "LOC", "ORG-X")
SCHEMES = {"BIO": "BI", "BIOES": "BIES"}
Corpus = list[tuple[list[str], list[str]]]


def tag_sequences(scheme: str, length: int) -> st.SearchStrategy[list[str]]:
    tags = ["O", *(f"{letter}-{name}" for letter in SCHEMES[scheme] for name in TYPES)]
    return st.lists(st.sampled_from(tags), min_size=length, max_size=length)


@st.composite
def corpora(draw: st.DrawFn, scheme: str) -> Corpus:
    """Annotated and predicted tags: any tags at all, so most sequences are illegal; some predictions are right."""
    corpus = []
    for length in draw(st.lists(st.integers(1, 8), min_size=1, max_size=5)):
        annotated = draw(tag_sequences(scheme, length))
        predicted = draw(st.one_of(st.just(annotated), tag_sequences(scheme, length)))
        corpus.append((annotated, predicted))
    return corpus


def legal(tags: list[str], scheme: str) -> list[str]:
    """The tags that spell the same spans as possibly illegal ones."""
    written = ["O"] * len(tags)
    for span in tags_to_spans(tags, scheme):
        letters = "SBIE" if scheme == "BIOES" else "BBII"
        length = span["end"] - span["start"]
        prefixes = letters[0] if length == 1 else letters[1] + letters[2] * (length - 2) + letters[3]
        written[span["start"] : span["end"]] = [f"{prefix}-{span['type']}" for prefix in prefixes]
    return written


def score(corpus: Corpus, scheme: str, **options: Any) -> dict[str, Any]:
    metric = SequenceLabelingMetric(tag_scheme=scheme, **options)
    results = []
    for annotated, predicted in corpus:
        example = Example(id="", tokens=["w"] * len(annotated), spans=tags_to_spans(annotated, scheme))
        prediction = {"tags": predicted, "spans": tags_to_spans(predicted, scheme)}
        results.append(metric.measure(example, prediction))
    return metric.compute(results)


def reference(corpus: Corpus, name: str, **options: Any) -> Any:
    annotated, predicted = map(list, zip(*corpus, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(seqeval.metrics, name)(annotated, predicted, **options)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_scores_equal_seqeval(scheme: str, data: st.DataObject) -> None:
    corpus = data.draw(corpora(scheme))
    scores = score(corpus, scheme, return_macro_f1=True, return_class_level_metric=True)
    report = reference(corpus, "classification_report", output_dict=True, zero_division=0)
    averages = {name: report.pop(f"{name} avg") for name in ("micro", "macro", "weighted")}
    if not report:
        averages["macro"]["f1-score"] = 0.0
    for name in ("precision", "recall", "f1"):
        assert scores[name] == pytest.approx(reference(corpus, f"{name}_score"))
    assert scores["macro-f1"] == pytest.approx(averages["macro"]["f1-score"])
    assert scores.keys() - report.keys() == {"precision", "recall", "f1", "accuracy", "macro-f1"}
    for name, each in report.items():
        expected = {key.removesuffix("-score"): round(float(value), 4) for key, value in each.items()}
        assert scores[name] == pytest.approx(expected, abs=1e-12)
        assert isinstance(scores[name]["support"], int)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_accuracy_equals_seqeval(scheme: str, data: st.DataObject) -> None:
    corpus = [(legal(annotated, scheme), predicted) for annotated, predicted in data.draw(corpora(scheme))]
    assert score(corpus, scheme)["accuracy"] == pytest.approx(reference(corpus, "accuracy_score"))


@pytest.mark.parametrize(("scheme", "seqeval_scheme"), [("BIO", "IOB2"), ("BIOES", "IOBES")])
@given(data=st.data())
def test_strict_scores_equal_seqeval(scheme: str, seqeval_scheme: str, data: st.DataObject) -> None:
    corpus = [(legal(annotated, scheme), predicted) for annotated, predicted in data.draw(corpora(scheme))]
    scores = score(corpus, scheme, mode="strict")
    for name in ("precision", "recall", "f1"):
        expected = reference(corpus, f"{name}_score", mode="strict", scheme=getattr(seqeval.scheme, seqeval_scheme))
        assert scores[name] == pytest.approx(expected)


def test_nothing_to_score_gives_zeros() -> None:
    expected = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "accuracy": 0.0, "macro-f1": 0.0}
    metric = SequenceLabelingMetric(return_macro_f1=True, return_class_level_metric=True)
    assert metric.compute([]) == expected
    empty = metric.measure(Example(id="", tokens=[]), {"tags": [], "spans": []})
    assert metric.compute([empty]) == expected


def measured(spans: list[Span], predicted: list[str], mask: list[bool] | None = None) -> dict[str, Any]:
    metric = SequenceLabelingMetric()
    example = Example(id="", tokens=["w"] * len(predicted), spans=spans, mask=mask)
    prediction = {"tags": predicted, "spans": tags_to_spans(predicted, "BIOES")}
    return metric.compute([metric.measure(example, prediction)])


def test_context_words_and_spans_on_them_are_not_scored() -> None:
    spans: list[Span] = [{"start": 0, "end": 1, "type": "PER"}]
    scores = measured(spans, ["S-PER", "S-LOC", "B-LOC", "E-LOC"], mask=[True, True, False, True])
    assert scores == {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "accuracy": pytest.approx(1 / 3)}


def test_partial_spans_and_predictions_on_them_are_not_scored() -> None:
    spans: list[Span] = [{"start": 0, "end": 1, "type": "PER"}, {"start": 1, "end": 3, "type": "PARTIAL"}]
    scores = measured(spans, ["S-PER", "B-LOC", "E-LOC", "O"])
    assert scores == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "accuracy": 1.0}


def test_a_label_never_seen_in_training_is_a_miss() -> None:
    spans: list[Span] = [{"start": 0, "end": 1, "type": "PER"}, {"start": 1, "end": 2, "type": "NEW"}]
    scores = measured(spans, ["S-PER", "O"])
    assert (scores["recall"], scores["precision"], scores["accuracy"]) == (0.5, 1.0, 0.5)


def test_an_entity_with_gaps_is_a_miss() -> None:
    gapped: Span = {"start": 0, "end": 3, "type": "PER", "parts": [(0, 1), (2, 3)]}
    scores = measured([gapped, {"start": 3, "end": 4, "type": "LOC"}], ["B-PER", "I-PER", "E-PER", "S-LOC"])
    assert (scores["precision"], scores["recall"], scores["accuracy"]) == (0.5, 0.5, 0.25)


def test_one_label_per_word() -> None:
    metric = SequenceLabelingMetric(tag_scheme="PLAIN")
    example = Example(id="", tokens=["a", "b"], spans=tags_to_spans(["DET", "NOUN"], "PLAIN"))
    predicted = ["DET", "VERB"]
    result = metric.measure(example, {"tags": predicted, "spans": tags_to_spans(predicted, "PLAIN")})
    assert metric.compute([result])["accuracy"] == 0.5


def test_both_names_mean_the_same_metric() -> None:
    assert METRICS.get("ner-metric") is METRICS.get("sequence-labeling-metric") is SequenceLabelingMetric


def test_the_scheme_is_supplied() -> None:
    metric = METRICS.build({"type": "ner-metric", "mode": "strict"}, tag_scheme="BIO", work_dir="unused")
    assert (metric.tag_scheme, metric.is_strict) == ("BIO", True)
