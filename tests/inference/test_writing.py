"""Predictions in the formats of the command line."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference.writing import WRITERS, ColumnsIfPossible
from tests.inference.test_predictor import make


def write(name: str, *inputs: object, text_splitter: str = "blank") -> str:
    predictor = make(text_splitter)
    writer = WRITERS[name](predictor)
    return writer.head() + "".join(writer.record(*each) for each in predictor.predict(inputs)) + writer.foot()


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


def test_keys_that_mean_something_for_other_tasks_are_kept() -> None:
    """Such as the subject of a mail, for a model that finds names."""
    given = {"subject": "Hello", "object": [0, 1], "pair": ["x"], "pair_text": "y", "mentions": 3}
    assert json.loads(write("jsonl", {"text": "abc Bo", **given})).items() >= given.items()


def test_a_json_line_can_always_be_encoded() -> None:
    line = write("jsonl", {"text": "a", "note": "half \ud800", "more": "é"})
    assert json.loads(line.encode("utf-8")) == {"note": "half \ud800", "more": "é", "text": "a", "output": []}


def test_columns() -> None:
    assert write("conll", ["a", "B\tc"], "d") == "a\tO\nB c\tI-NAME\n\nd\tO\n\n"


def test_a_table_is_aligned_for_wide_characters_too() -> None:
    assert write("table", "Ann 见 B王 Bob") == "Ann      NAME  0-3   0.750\nB王 Bob  NAME  6-12  0.667\n"
    assert write("table", "nobody") == "(nothing found)\n"
    marked = "E\u0301\u200d\u0947a"
    assert write("table", f"{marked} x Bob") == f"{marked}   NAME  0-5   0.833\nBob  NAME  8-11  0.750\n"


def write_as(name: str, task: str, content: Example, prediction: dict[str, Any]) -> str:
    predictor = make()
    predictor.task = task
    return WRITERS[name](predictor).record(content, prediction)


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
        "jsonl, csv, html or table"
    )
    prediction = {"spans": [], "labels": ["a"], "probs": [0.9]}
    assert ColumnsIfPossible(make()).record(Example("", ["x"]), prediction) == (
        '{"tokens": ["x"], "output": [{"type": "a", "prob": 0.9}]}\n'
    )
    assert ColumnsIfPossible(make()).record(Example("", ["x"]), {"spans": [], "tags": ["O"]}) == "x\tO\n\n"


def test_a_line_for_each_thing_found() -> None:
    assert write("csv", {"text": 'a "Bo", Cyd', "id": "七", "n": 3}, "nobody", ["A\nb"]) == (
        "number,text,type,span,start,end,prob,id\n"
        '1,"a ""Bo"", Cyd",NAME,Cyd,8,11,0.75,七\n'
        "2,nobody,,,,,,\n"
        '3,"A\nb",NAME,"A\nb",0,3,0.75,\n'
    )
    assert write("tsv", "Bo") == "number\ttext\ttype\tspan\tstart\tend\tprob\n1\tBo\tNAME\tBo\t0\t2\t0.666667\n"
    assert write("csv") == "number,text,type,span,start,end,prob\n"


def test_columns_of_the_input_are_not_taken_for_results() -> None:
    given = {"text": "nobody", "type": "mail", "prob": "high", "note": None}
    assert write("csv", given, {"text": "Bo", "type": "chat"}) == (
        "number,text,type,span,start,end,prob,input_type,input_prob,note\n"
        "1,nobody,,,,,,mail,high,\n"
        "2,Bo,NAME,Bo,0,2,0.666667,chat,,\n"
    )


def test_what_ends_lines_is_quoted() -> None:
    text = "a\rBo\n\u2028 c\r\n"
    written = write("csv", {"text": text, "note": "x\ry"})
    _, row = csv.reader(io.StringIO(written, newline=""), strict=True)
    assert (row[1], row[3], row[-1]) == (text, "Bo", "x\ry")


def test_a_line_for_each_label_and_relation() -> None:
    relation = {"spans": [], "label": "in", "prob": 0.87654321}
    assert write_as("csv", "relation-extraction", RELATION, relation) == (
        "number,text,type,subject,object,prob\n1,a school in Rome,in,school,Rome,0.876543\n"
    )
    labels = {"spans": [], "labels": ["好", "b"], "probs": [0.9, 0.6]}
    assert write_as("csv", "text-classification", RELATION, labels) == (
        "number,text,type,prob\n1,a school in Rome,好,0.9\n1,a school in Rome,b,0.6\n"
    )


def test_what_cannot_be_encoded_is_named_in_a_table() -> None:
    assert write("csv", {"text": "a", "note": "half \ud800"}).splitlines()[1] == "1,a,,,,,,half \\ud800"


def test_a_page_shows_every_text() -> None:
    page = write("html", "see Bo & <i>", {"tokens": ["Ann", "left"]}, "nobody")
    assert page.startswith("<!DOCTYPE html>") and page.endswith("</html>\n")
    assert page.count("<article>") == 3 and page.count("<mark ") == 2
    assert "see <mark" in page and "&amp; &lt;i&gt;" in page


def test_terminals_are_not_steered() -> None:
    hostile = "a \x1b[2JB\x9b31m B\u202ec"
    assert write("table", hostile).split() == ["B<U+202E>c", "NAME", "12-15", "0.750"]
    for name in ("jsonl", "html"):
        assert not {"\x1b", "\x9b", "\u202e"} & set(write(name, hostile))
    assert json.loads(write("jsonl", hostile))["text"] == hostile


def test_readings_in_every_format() -> None:
    spans = [{"start": 0, "end": 1, "type": "NAME", "prob": 0.5}]
    readings = [{"tags": ["I-NAME"], "spans": spans, "prob": 0.625}, {"tags": ["O"], "spans": [], "prob": 0.25}]
    prediction = {"tags": ["I-NAME"], "spans": spans, "readings": readings}
    predictor = make()
    predictor.n_best = 2
    example = predictor.example(["Bo"])

    def written(name: str) -> str:
        return WRITERS[name](predictor).record(example, prediction)

    assert written("table") == "1.  0.625\nBo  NAME  0-2  0.500\n2.  0.250\n(nothing found)\n"
    assert written("csv") == ("number,reading,text,type,span,start,end,prob\n1,1,Bo,NAME,Bo,0,2,0.5\n1,2,Bo,,,,,\n")
    assert [each["prob"] for each in json.loads(written("jsonl"))["readings"]] == [0.625, 0.25]
    assert written("conll") == "Bo\tI-NAME\n\n"
    assert written("html").count("<li>") == 2
