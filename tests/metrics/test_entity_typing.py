"""Scores of the types of mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.example import Example
from adaseq.metrics.entity_typing import TypingMetric
from adaseq.metrics.typing_threshold import TypingThresholdMetric

TYPES = st.lists(st.sampled_from("abcde"), unique=True)
MENTIONS = st.lists(st.tuples(TYPES, TYPES), min_size=1, max_size=6)


def measured(metric, mentions):
    """One example for every two mentions, with what is predicted."""
    results = []
    for place in range(0, len(mentions), 2):
        chunk = mentions[place : place + 2]
        spans = [{"start": 0, "end": 1, "type": "", "types": list(gold)} for gold, _ in chunk]
        found = [{"start": 0, "end": 1, "type": "", "types": list(predicted)} for _, predicted in chunk]
        results.append(metric.measure(Example("1", ["x"], spans), {"spans": found}))
    return results


def score(mentions, **options):
    metric = TypingMetric(**options)
    return metric.compute(measured(metric, mentions))


def test_an_example_by_hand():
    scores = score([(["a", "b"], ["a"]), (["c"], ["c", "d"]), (["a"], ["a"])])
    assert scores == pytest.approx(
        {
            "precision": (1 + 1 / 2 + 1) / 3,
            "recall": (1 / 2 + 1 + 1) / 3,
            "f1": 5 / 6,
            "accuracy": 1 / 3,
            "micro_precision": 3 / 4,
            "micro_recall": 3 / 4,
            "micro_f1": 3 / 4,
            "avg_true_label": 4 / 3,
            "avg_pred_label": 4 / 3,
        }
    )


def test_mentions_without_types_count_nothing_or_not_at_all():
    mentions = [(["a"], []), (["a"], ["a"]), ([], ["b"])]
    plain, skipping = score(mentions), score(mentions, skip_empty=True)
    assert plain["precision"] == pytest.approx(1 / 3) and plain["recall"] == pytest.approx(1 / 3)
    assert skipping["precision"] == pytest.approx(1 / 2) and skipping["recall"] == pytest.approx(1 / 2)


@given(MENTIONS)
def test_means_over_mentions_are_those_of_the_published_script(mentions):
    """The definition of Choi et al. 2018, written down again."""
    precisions = [len(set(gold) & set(found)) / len(found) for gold, found in mentions if found]
    recalls = [len(set(gold) & set(found)) / len(gold) for gold, found in mentions if gold]
    precision = sum(precisions) / len(precisions) if precisions else 0.0
    recall = sum(recalls) / len(recalls) if recalls else 0.0
    scores = score(mentions, skip_empty=True)
    assert scores["precision"] == pytest.approx(precision) and scores["recall"] == pytest.approx(recall)
    if precision + recall:
        assert scores["f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    else:
        assert scores["f1"] == 0.0


@given(MENTIONS)
def test_micro_scores_are_over_all_types_together(mentions):
    right = sum(len(set(gold) & set(found)) for gold, found in mentions)
    total = sum(len(gold) + len(found) for gold, found in mentions)
    assert score(mentions)["micro_f1"] == pytest.approx(2 * right / total if total else 0.0)


def test_without_mentions_all_scores_are_zero():
    metric = TypingMetric()
    assert set(metric.compute([])) == set(score([(["a"], ["a"])]))
    assert not any(metric.compute([[], []]).values())


def test_each_type_by_itself():
    scores = score([(["a", "b"], ["a"]), (["b"], ["a", "b"])], return_class_level_metric=True)
    assert scores["a"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "support": 1}
    assert scores["b"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}


def test_the_type_of_a_span_is_that_of_a_mention():
    metric = TypingMetric()
    example = Example("1", ["x"], [{"start": 0, "end": 1, "type": "a"}])
    found = {"spans": [{"start": 0, "end": 1, "type": "", "types": ["a"]}]}
    assert metric.compute([metric.measure(example, found)])["f1"] == 1.0


@given(MENTIONS)
def test_the_other_metric_gives_the_same_scores_of_what_is_predicted(mentions):
    metric = TypingThresholdMetric()
    assert metric.compute(measured(metric, mentions)) == score(mentions)
