"""Scores of labels, against scikit-learn and by hand."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from adaseq.metrics.text_classification import TextClassificationMetric, matthews


def scores(annotated: list[Any], predicted: list[list[str]], **options: Any) -> dict[str, Any]:
    metric = TextClassificationMetric(**options)
    examples = [SimpleNamespace(fields={"label": label}) for label in annotated]
    pairs = zip(examples, predicted, strict=True)
    return metric.compute([metric.measure(example, {"labels": labels}) for example, labels in pairs])


classes = st.sampled_from("abcd")


@given(st.lists(st.tuples(classes, classes), min_size=1, max_size=30))
def test_one_label_per_text_as_scikit_learn_scores_it(pairs: list[tuple[str, str]]) -> None:
    annotated, predicted = map(list, zip(*pairs, strict=True))
    found = scores(annotated, [[label] for label in predicted])
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(annotated, predicted))
    assert found["precision"] == found["recall"] == pytest.approx(found["accuracy"])
    assert found["f1"] == pytest.approx(found["accuracy"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found["macro-f1"] == pytest.approx(reference.f1_score(annotated, predicted, average="macro"))
        assert found["matthews"] == pytest.approx(reference.matthews_corrcoef(annotated, predicted))


several = st.lists(classes, unique=True)


@given(st.lists(st.tuples(several, several), min_size=1, max_size=30))
def test_several_labels_per_text_as_scikit_learn_scores_them(pairs: list[tuple[list[str], list[str]]]) -> None:
    annotated, predicted = map(list, zip(*pairs, strict=True))
    rows = [[[int(name in each) for name in "abcd"] for each in side] for side in (annotated, predicted)]
    found = scores(annotated, predicted)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(*rows))
    for name in ("precision", "recall", "f1"):
        score = getattr(reference, f"{name}_score")
        assert found[name] == pytest.approx(score(*rows, average="micro", zero_division=0))


def test_matthews_of_two_classes_by_hand() -> None:
    pairs = [("1", "1")] * 6 + [("1", "0")] * 2 + [("0", "1")] * 1 + [("0", "0")] * 3
    assert matthews(pairs) == pytest.approx((6 * 3 - 1 * 2) / ((6 + 1) * (6 + 2) * (3 + 1) * (3 + 2)) ** 0.5)


@pytest.mark.parametrize("pairs", [[], [("1", "1")], [("1", "1"), ("0", "1")], [("1", "0"), ("1", "1")]])
def test_matthews_is_zero_where_a_side_always_says_the_same(pairs: list[tuple[str, str]]) -> None:
    assert matthews(pairs) == 0.0


def test_there_is_no_correlation_for_several_labels() -> None:
    assert "matthews" not in scores([["a", "b"], "a"], [["a"], ["a"]])
    assert "matthews" in scores(["a"], [["a"]])


def test_scores_of_each_label() -> None:
    found = scores(["a", "a", "b"], [["a"], ["b"], ["c"]], return_class_level_metric=True)
    assert found["a"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}
    assert found["c"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}


def test_nothing_to_score() -> None:
    found = scores([], [])
    assert set(found.values()) == {0.0}


def test_an_example_without_a_label_expects_none() -> None:
    found = scores([None, None], [["a"], []])
    assert (found["accuracy"], found["f1"]) == (0.5, 0.0)
