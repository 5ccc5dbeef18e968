"""Predictions in the formats of the command line."""

from __future__ import annotations

import json

from adaseq.inference.writing import WRITERS
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
