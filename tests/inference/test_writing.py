"""Predictions in the formats of the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference.writing import WRITERS, columns_if_possible
from tests.inference.test_predictor import make


def write(name: str, *inputs: object, text_splitter: str = "blank") -> str:
    predictor = make(text_splitter)
    return "".join(WRITERS[name](predictor, *each) for each in predictor.predict(inputs))


def test_json_lines_hold_the_record_and_the_output() -> None:
    first, second, third = write("jsonl", {"text": "a Bo", "id": 7}, {"tokens": ["王", "Cyd"]}, "").splitlines()
    assert first == (
        '{"id": 7, "text": "a Bo", "output": [{"type": "NAME", "start": 2, "end": 4, "span": "Bo", "prob": 0.666667}]}'
    )
    assert second == (
        '{"tokens": ["王", "Cyd"], "output": [{"type": "NAME", "start": 2, "end": 5, "span": "Cyd", "prob": 0.75, '
        '"token_start": 1, "token_end": 2}]}'
    )
    assert third == '{"text": "", "output": []}'


def test_a_json_line_can_always_be_encoded() -> None:
    line = write("jsonl", {"text": "a", "note": "half \ud800", "more": "é"})
    assert json.loads(line.encode("utf-8")) == {"note": "half \ud800", "more": "é", "text": "a", "output": []}


def test_columns() -> None:
    assert write("conll", ["a", "B\tc"], "d") == "a\tO\nB c\tI-NAME\n\nd\tO\n\n"


def test_a_table_is_aligned_for_wide_characters_too() -> None:
    assert write("table", "Ann 见 B王 Bob") == "Ann      NAME  0-3   0.750\nB王 Bob  NAME  6-12  0.667\n"
    assert write("table", "nobody") == "(nothing found)\n"


def write_as(name: str, task: str, content: Example, prediction: dict[str, Any]) -> str:
    predictor = make()
    predictor.task = task
    return WRITERS[name](predictor, content, prediction)


RELATION = Example(
    "", ["a", "school", "in", "Rome"], text="a school in Rome", offsets=[(0, 1), (2, 8), (9, 11), (12, 16)],
    fields={"subject": [1, 2], "object": [3, 4]},
)  # fmt: skip


def test_a_relation_in_a_table_and_in_json() -> None:
    prediction = {"spans": [], "label": "in", "prob": 0.87654321}
    assert write_as("table", "relation-extraction", RELATION, prediction) == "in  school → Rome  0.877\n"
    assert json.loads(write_as("jsonl", "relation-extraction", RELATION, prediction)) == {
        "subject": [2, 8],
        "object": [12, 16],
        "text": "a school in Rome",
        "output": [
            {
                "type": "in",
                "prob": 0.876543,
                "subject": {"start": 2, "end": 8, "span": "school"},
                "object": {"start": 12, "end": 16, "span": "Rome"},
            }
        ],
    }


def test_labels_in_a_table() -> None:
    prediction = {"spans": [], "labels": ["好", "b"], "probs": [0.9, 0.6]}
    assert write_as("table", "text-classification", RELATION, prediction) == "好  0.900\nb   0.600\n"


def test_columns_are_for_tags() -> None:
    with pytest.raises(AdaSeqError) as caught:
        write_as("conll", "text-classification", RELATION, {"spans": [], "labels": ["a"], "probs": [0.9]})
    assert str(caught.value) == (
        "the output format conll has a tag for each word, which this model for text-classification does not give; choose "
        "jsonl or table"
    )
    prediction = {"spans": [], "labels": ["a"], "probs": [0.9]}
    assert columns_if_possible(make(), Example("", ["x"]), prediction) == (
        '{"tokens": ["x"], "output": [{"type": "a", "prob": 0.9}]}\n'
    )
    assert columns_if_possible(make(), Example("", ["x"]), {"spans": [], "tags": ["O"]}) == "x\tO\n\n"
