"""Scores of flat, nested and discontinuous entities."""

from __future__ import annotations

import random

import pytest

from adaseq.data.example import Example
from adaseq.metrics.sequence_labeling import SequenceLabelingMetric
from adaseq.metrics.span_extraction import SpanExtractionMetric


def span(start, end, kind="A", parts=None):
    return {"start": start, "end": end, "type": kind, **({"parts": parts} if parts else {})}


def scores(*sentences, muc=False, mask=None):
    metric = SpanExtractionMetric(muc)
    results = [
        metric.measure(Example(str(i), ["w"] * 10, gold, mask=mask), {"spans": found})
        for i, (gold, found) in enumerate(sentences)
    ]
    return metric.compute(results)


def test_words_and_type_must_agree():
    found = scores(([span(0, 2), span(3, 4, "B")], [span(0, 2), span(3, 4, "A"), span(5, 6, "B")]))
    assert found["precision"] == pytest.approx(1 / 3) and found["recall"] == pytest.approx(1 / 2)
    assert found["f1"] == pytest.approx(0.4)
    assert found["f1-UNLABELED"] == pytest.approx(0.8)
    assert found["f1-A"] == pytest.approx(2 / 3) and found["f1-B"] == 0
    assert found["precision-MACRO"] == pytest.approx(0.25) and found["recall-MACRO"] == pytest.approx(0.5)


def test_nothing_annotated_and_nothing_found():
    assert scores(([], []))["f1"] == 0
    assert scores()["f1"] == 0


def test_nested_entities_are_scored_by_depth():
    gold = [span(0, 5), span(1, 3), span(2, 3)]
    found = scores((gold, [span(0, 5), span(2, 3)]))
    assert found["recall-DEPTH-1"] == 1 and found["recall-DEPTH-2"] == 0 and found["recall-DEPTH-3"] == 1
    # (2, 3) was predicted inside one other range only.
    assert found["precision-DEPTH-1"] == 1 and found["precision-DEPTH-2"] == 1
    assert "f1-DEPTH-1" not in scores(([span(0, 2)], [span(0, 2)]))


def test_an_entity_with_gaps_is_another_than_its_hull():
    gapped = span(0, 5, parts=[(0, 2), (4, 5)])
    assert scores(([gapped], [span(0, 5)]))["f1"] == 0
    found = scores(([gapped], [gapped]))
    assert found["f1"] == found["f1-DISCONTINUOUS"] == 1
    assert "f1-DISCONTINUOUS" not in scores(([span(0, 2)], [span(0, 2)]))


def test_the_schemes_of_muc():
    gold = [span(0, 2), span(3, 5), span(6, 8), span(8, 9)]
    predicted = [span(0, 2), span(3, 5, "B"), span(6, 7), span(9, 10)]
    found = scores((gold, predicted), muc=True)
    assert found["recall-STRICT"] == pytest.approx(1 / 4)
    assert found["recall-EXACT"] == pytest.approx(2 / 4)
    assert found["recall-PARTIAL-OVERLAP"] == pytest.approx(2.5 / 4)
    assert found["recall-TYPE-OVERLAP"] == pytest.approx(2 / 4)
    assert all(found[f"precision-{name}"] == found[f"recall-{name}"] for name in ("STRICT", "EXACT"))
    assert "f1-STRICT" not in scores((gold, predicted))


def test_context_and_words_that_are_not_annotated_are_not_scored():
    mask = [True] * 5 + [False] * 5
    found = scores(([span(0, 2), span(3, 4, "PARTIAL")], [span(0, 2), span(3, 4), span(2, 4), span(6, 7)]), mask=mask)
    assert found["precision"] == found["recall"] == 1


def test_flat_entities_score_as_by_the_metric_of_taggers():
    generator = random.Random(4)
    ours, theirs = SpanExtractionMetric(), SequenceLabelingMetric()
    results = []
    for number in range(200):
        sides = []
        for _ in range(2):
            cuts = sorted(generator.sample(range(11), 6))
            pairs = zip(cuts[::2], cuts[1::2], strict=True)
            sides.append([span(start, end, generator.choice("AB")) for start, end in pairs])
        example = Example(str(number), ["w"] * 10, sides[0])
        prediction = {"spans": sides[1], "tags": ["O"] * 10}
        results.append((ours.measure(example, prediction), theirs.measure(example, prediction)))
    span_scores = ours.compute([one for one, _ in results])
    tag_scores = theirs.compute([two for _, two in results])
    assert 0 < span_scores["f1"] < 1
    for key in ("precision", "recall", "f1"):
        assert span_scores[key] == pytest.approx(tag_scores[key], abs=1e-5)
