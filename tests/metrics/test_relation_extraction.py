"""Scores of relations, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.errors import AdaSeqError
from adaseq.metrics.base import Metric
from adaseq.metrics.relation_extraction import RelationExtractionMetric, SemEval2010Task8Metric


def scores(metric: Metric, *pairs: tuple[str, str]) -> dict[str, Any]:
    examples = [(SimpleNamespace(fields={"label": annotated}), predicted) for annotated, predicted in pairs]
    return metric.compute([metric.measure(example, {"label": predicted}) for example, predicted in examples])


def test_none_is_nothing_to_find() -> None:
    pairs = [("A", "A"), ("A", "None"), ("None", "A"), ("None", "None"), ("B", "A")]
    found = scores(RelationExtractionMetric(), *pairs)
    assert (found["precision"], found["recall"]) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert found["f1"] == pytest.approx(1 / 3) and found["accuracy"] == 0.4


def test_other_labels_may_mean_none() -> None:
    found = scores(RelationExtractionMetric(ignored=["Other"]), ("Other", "Other"), ("None", "None"), ("A", "Other"))
    assert (found["precision"], found["recall"]) == (1.0, 0.5)


def test_the_mean_of_the_relations_and_the_scores_of_each() -> None:
    metric = RelationExtractionMetric(return_macro_f1=True, return_class_level_metric=True)
    found = scores(metric, ("A", "A"), ("A", "B"), ("B", "B"), ("None", "B"))
    assert found["A"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}
    assert found["B"] == {"precision": 0.3333, "recall": 1.0, "f1": 0.5, "support": 1}
    assert found["macro-f1"] == pytest.approx((2 / 3 + 1 / 2) / 2) and "None" not in found


def test_nothing_to_score() -> None:
    for metric in (RelationExtractionMetric(), SemEval2010Task8Metric()):
        assert set(scores(metric).values()) == {0.0}
        assert scores(metric, ("Other", "Other"), ("None", "None"))["f1"] in (0.0, 1.0)


CAUSE, CAUSED = "Cause-Effect(e1,e2)", "Cause-Effect(e2,e1)"
WHOLE, PART = "Component-Whole(e1,e2)", "Component-Whole(e2,e1)"


def test_the_official_score_by_hand() -> None:
    pairs = [
        # Cause-Effect: annotated 4, predicted 5, right 2; the one in the wrong direction counts on both sides.
        (CAUSE, CAUSE),
        (CAUSED, CAUSED),
        (CAUSE, CAUSED),
        (CAUSE, "Other"),
        ("Other", CAUSE),
        # Component-Whole: annotated 2, predicted 1, right 1.
        (WHOLE, WHOLE),
        (PART, CAUSE),
        ("Other", "Other"),
    ]
    found = scores(SemEval2010Task8Metric(return_class_level_metric=True), *pairs)
    assert found["Cause-Effect"] == {"precision": 0.4, "recall": 0.5, "f1": 0.4444, "support": 4}
    assert found["Component-Whole"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}
    assert found["precision"] == pytest.approx((2 / 5 + 1) / 2)
    assert found["recall"] == pytest.approx((2 / 4 + 1 / 2) / 2)
    assert found["f1"] == pytest.approx((4 / 9 + 2 / 3) / 2)
    assert found["accuracy"] == 4 / 8
    assert "Other" not in found


def test_a_relation_that_is_never_there_can_be_counted() -> None:
    pairs = [(CAUSE, CAUSE)]
    assert scores(SemEval2010Task8Metric(), *pairs)["f1"] == 1.0
    assert scores(SemEval2010Task8Metric(relations=["Cause-Effect", "Message-Topic"]), *pairs)["f1"] == 0.5


labels = st.sampled_from([CAUSE, CAUSED, WHOLE, PART, "Other"])


@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=40))
def test_the_official_score_as_the_scorer_computes_it(pairs: list[tuple[str, str]]) -> None:
    """From the confusion matrix without directions, whose diagonal holds only what is right, and the wrong directions."""
    f1 = []
    for relation in ("Cause-Effect", "Component-Whole"):
        of_relation = [(a, p) for a, p in pairs if relation in a or relation in p]
        right = sum(a == p for a, p in of_relation)
        wrong_direction = sum(a != p and relation in a and relation in p for a, p in of_relation)
        column = right + sum(relation in p and relation not in a for a, p in of_relation)
        row = right + sum(relation in a and relation not in p for a, p in of_relation)
        precision = right / (column + wrong_direction) if column + wrong_direction else 0.0
        recall = right / (row + wrong_direction) if row + wrong_direction else 0.0
        f1.append(2 * precision * recall / (precision + recall) if right else 0.0)
    metric = SemEval2010Task8Metric(relations=["Cause-Effect", "Component-Whole"])
    assert scores(metric, *pairs)["f1"] == pytest.approx(sum(f1) / 2)


def test_an_empty_list_of_relations() -> None:
    with pytest.raises(AdaSeqError) as caught:
        SemEval2010Task8Metric(relations=[])
    assert str(caught.value) == (
        "semeval2010-task8-metric: relations is an empty list; leave it out to average over those of the data"
    )
