"""Results of every kind of prediction."""

from __future__ import annotations

import pytest

from adaseq.data.example import Example
from adaseq.inference.least_probability import Threshold
from adaseq.inference.results import above, output

RAW = Example("", ["Mary", "Ann", "left"], text="Mary  Ann left", offsets=[(0, 4), (6, 9), (10, 14)])
WORDS = Example("", ["Mary", "Ann", "left"])


def test_types_of_mentions_come_one_by_one() -> None:
    mention = {"start": 0, "end": 2, "type": "", "types": ["person", "poet"], "probs": [0.9, 0.6]}
    untyped = {"start": 2, "end": 3, "type": "", "types": [], "probs": []}
    place = {"start": 0, "end": 9, "span": "Mary  Ann"}
    assert output(RAW, {"spans": [mention, untyped]}, " ") == [
        {"type": "person", **place, "prob": 0.9},
        {"type": "poet", **place, "prob": 0.6},
    ]


def test_a_discontinuous_span_says_its_parts() -> None:
    span = {"start": 0, "end": 3, "type": "X", "prob": 0.5, "parts": [(0, 1), (2, 3)]}
    expected = {"type": "X", "start": 0, "end": 14, "span": "Mary left", "prob": 0.5, "parts": [[0, 4], [10, 14]]}
    assert output(RAW, {"spans": [span]}, " ") == [expected]
    (found,) = output(WORDS, {"spans": [span]}, " ")
    assert found["parts"] == [[0, 4], [9, 13]] and found["token_parts"] == [[0, 1], [2, 3]]
    assert (found["token_start"], found["token_end"]) == (0, 3)


def test_a_span_without_a_probability_has_none() -> None:
    (found,) = output(RAW, {"spans": [{"start": 0, "end": 1, "type": "X"}]}, " ")
    assert found == {"type": "X", "start": 0, "end": 4, "span": "Mary"}


def test_labels() -> None:
    assert output(RAW, {"spans": [], "labels": ["a", "b"], "probs": [0.9, 0.6]}, " ") == [
        {"type": "a", "prob": 0.9}, {"type": "b", "prob": 0.6}
    ]  # fmt: skip
    assert output(RAW, {"spans": [], "labels": ["a"], "prob": 0.9}, " ") == [{"type": "a", "prob": 0.9}]
    assert output(RAW, {"spans": [], "labels": ["a"]}, " ") == [{"type": "a"}]


def test_a_relation_with_its_entities() -> None:
    example = Example("", WORDS.tokens, fields={"subject": [0, 2], "object": [2, 3]})
    assert output(example, {"spans": [], "label": "A", "prob": 0.7}, " ") == [
        {
            "type": "A",
            "prob": 0.7,
            "subject": {"start": 0, "end": 8, "span": "Mary Ann", "token_start": 0, "token_end": 2},
            "object": {"start": 9, "end": 13, "span": "left", "token_start": 2, "token_end": 3},
        }
    ]


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        ({"spans": [], "labels": ["a", "b"], "probs": [0.9, 0.4]}, [{"type": "a", "prob": 0.9}]),
        ({"spans": [], "label": "A", "prob": 0.4}, []),
        ({"spans": [], "label": "A", "prob": 0.6}, [{"type": "A", "prob": 0.6}]),
        ({"spans": [{"start": 0, "end": 1, "type": "", "types": ["x", "y"], "probs": [0.9, 0.4]}]},
         [{"type": "x", "start": 0, "end": 4, "span": "Mary", "prob": 0.9}]),
        ({"spans": [{"start": 0, "end": 1, "type": "x", "prob": 0.4}]}, []),
    ],
)  # fmt: skip
def test_what_is_too_improbable_is_left_out(prediction, expected) -> None:
    assert output(RAW, above(prediction, Threshold(0.5, [])), " ") == expected
