"""The threshold that is chosen on the validation data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.data.example import Example
from adaseq.metrics.entity_typing import TypingMetric
from adaseq.metrics.typing_threshold import TypingThresholdMetric

POSSIBLE = st.dictionaries(
    st.sampled_from("abcdef"), st.integers(11, 999).map(lambda thousandths: thousandths / 1000), max_size=6
)
MENTIONS = st.lists(st.tuples(st.lists(st.sampled_from("abcdef"), unique=True), POSSIBLE), min_size=1, max_size=8)


def possible(mentions, fewest=0):
    """One example with all the mentions, and what is possible."""
    spans, found = [], []
    for gold, probabilities in mentions:
        spans.append({"start": 0, "end": 1, "type": "", "types": list(gold)})
        ranked = sorted(probabilities.items(), key=lambda item: -item[1])
        found.append({"start": 0, "end": 1, "type": "", "possible": [list(each) for each in ranked], "fewest": fewest})
    return Example("1", ["x"], spans), {"spans": found}


def tune(mentions, fewest=0, **options):
    metric = TypingThresholdMetric(**options)
    return metric.compute([metric.measure(*possible(mentions, fewest))])


def predicted_with(mentions, threshold, fewest=0):
    example, prediction = possible(mentions, fewest)
    found = []
    for span in prediction["spans"]:
        types = [n for i, (n, p) in enumerate(span["possible"]) if np.float32(p) > np.float32(threshold) or i < fewest]
        found.append({"start": 0, "end": 1, "type": "", "types": types})
    return example, {"spans": found}


def test_it_divides_what_is_right_from_what_is_not():
    scores = tune([(["a"], {"a": 0.3, "b": 0.2}), (["b"], {"b": 0.35, "c": 0.25})])
    assert 0.25 <= scores["threshold"] < 0.3 and scores["f1"] == 1.0


def test_it_looks_closer_than_at_every_tenth():
    scores = tune([(["a"], {"a": 0.18, "b": 0.17})])
    assert scores["f1"] == 1.0 and 0.17 <= scores["threshold"] < 0.18


@settings(max_examples=60)
@given(MENTIONS, st.booleans(), st.integers(0, 1))
def test_its_scores_are_those_of_the_predictions_with_its_threshold(mentions, skip_empty, fewest):
    scores = tune(mentions, fewest, skip_empty=skip_empty)
    threshold = scores.pop("threshold")
    assert 0.01 <= threshold <= 0.99
    metric = TypingMetric(skip_empty=skip_empty)
    assert metric.compute([metric.measure(*predicted_with(mentions, threshold, fewest))]) == pytest.approx(scores)


@settings(max_examples=60)
@given(MENTIONS)
def test_no_tenth_is_better(mentions):
    best = tune(mentions)["f1"]
    metric = TypingMetric()
    for threshold in np.linspace(0.05, 0.95, 10):
        assert metric.compute([metric.measure(*predicted_with(mentions, threshold))])["f1"] <= best + 1e-9


def test_the_most_probable_type_may_be_certain():
    mentions = [(["a"], {"a": 0.02, "b": 0.015})]
    assert tune(mentions, fewest=1)["f1"] == 1.0
    assert tune([(["a"], {"a": 0.02})], fewest=1)["threshold"] == pytest.approx(0.5, abs=0.01)  # all do as well


def test_of_thresholds_that_do_as_well_the_middle_one_is_taken():
    assert tune([(["a"], {"a": 0.9, "b": 0.1})])["threshold"] == pytest.approx(0.5, abs=0.06)


def test_without_mentions_there_is_no_threshold():
    metric = TypingThresholdMetric()
    assert "threshold" not in metric.compute([[], []]) and metric.compute([])["f1"] == 0.0
