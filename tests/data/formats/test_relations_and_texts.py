"""Relations between two entities, and labels of whole texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError, DataError
from adaseq.registry import FORMATS


def read(path: Path, content: str | bytes, **block: Any) -> list[Example]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(FORMATS.build(block).read(path))


def entities(example: Example) -> dict[str, list[str]]:
    return {
        name: example.tokens[slice(*example.fields[name])] for name in ("subject", "object") if name in example.fields
    }


MARKED = "<O> visits\nRome O\n</O> O\nsaw O\n<E> other\nAda O\nL. O\n</E> O\n"


def test_marker_words_become_ranges(tmp_path: Path) -> None:
    first, second = read(tmp_path / "a", MARKED + "\nno O\none X\n", type="relation_conll")
    assert first.tokens == ["Rome", "saw", "Ada", "L."] and first.mask is None
    assert first.fields == {"label": "visits", "object": [0, 1], "subject": [2, 4]}
    assert second.fields == {"label": "None"} and second.mask == [True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<E> r\nAda O\n", "1: the subject has no end, </E>"),
        ("a O\n</O> r\n", "2: </O> has no <O> before it"),
        ("<E> r\n</E> O\na O\n", "2: there is no word between <E> and </E>"),
        ("<E> r\na O\n</E> O\n<E> O\nb O\n", "4: <E> stands twice; a sentence has one subject"),
        ("a O\nb\n", "2: 1 columns, parted by white space, where 2 at least are needed"),
    ],
)
def test_bad_markers(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", content, type="relation_conll")
    assert str(caught.value) == f"{tmp_path / 'a'}:{message}"


def test_ends_count_characters_of_a_text_and_words_are_cut_there(tmp_path: Path) -> None:
    record = {"text": "Ada-born in Rome", "subject": [0, 3], "object": {"start": 12, "end": 14}, "label": "r", "id": 5}
    path = tmp_path / "a"
    path.write_text(json.dumps(record), encoding="utf-8")
    reader = FORMATS.build({"type": "relation_json", "text_splitter": "blank"})
    (example,) = reader.read(path)
    assert entities(example) == {"subject": ["Ada"], "object": ["Ro"]} and example.id == "5"
    assert example.tokens == ["Ada", "-born", "in", "Ro", "me"]
    assert example.offsets is not None and example.offsets[1] == (3, 8)
    assert reader.notes()["warnings"] == ["2 annotated ranges begin or end inside a word, which was cut there"]


def test_ends_count_words_where_there_are_words(tmp_path: Path) -> None:
    record = {"tokens": ["Ada", "saw", "Rome"], "subject": [0, 0], "object": [2, 2], "relation": "r"}
    (example,) = read(tmp_path / "a", json.dumps([record]), type="relation_json", is_end_included=True)
    assert entities(example) == {"subject": ["Ada"], "object": ["Rome"]} and example.fields["label"] == "r"


def test_the_keys_of_tacred(tmp_path: Path) -> None:
    record = {"token": ["A", "B", "C"], "subj_start": 0, "subj_end": 1, "obj_start": 2, "obj_end": 2, "relation": "r"}
    (example,) = read(tmp_path / "a", json.dumps([record]), type="relation_json")
    assert entities(example) == {"subject": ["A", "B"], "object": ["C"]}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            {"text": "a b", "subject": [0, 1], "label": "r"},
            ("there is no 'object'; did you mean 'subject'? the object has the keys 'text', 'subject', 'label'"),
        ),
        ({"text": "a b", "label": 3}, "'label' must be a string, not 3"),
        (
            {"text": "a b", "subject": [0, 1], "object": [1, 2], "label": "r"},
            ("from character 1 to 2 there is nothing but white space: ' '"),
        ),
        ({"text": "a b", "subject": "a", "object": [1, 2], "label": "r"}, "'subject' must be [start, end], not \"a\""),
    ],
)
def test_bad_relations(tmp_path: Path, record: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", json.dumps(record), type="relation_json")
    assert str(caught.value) == f"{tmp_path / 'a'}:1: {message}"


PAIRS = (
    b'1\t"The <e1>child</e1> was in the <e2>cradle</e2>."\r\nContent-Container(e1,e2)\r\nComment: odd (e1)\r\n\r\n\r\n'
    b'2\t"The <e2>news</e2> of the <e1>day</e1>"\r\nMessage-Topic(e2,e1)\r\nComment:\r\n\r\n'
    b'3\t"<e1>A</e1> <e2>b</e2>"\r\nOther\r\n'
)


def test_marked_pairs(tmp_path: Path) -> None:
    first, second, third = read(tmp_path / "a", PAIRS, type="marked_pairs")
    assert first.text == "The child was in the cradle." and first.id == "1"
    assert entities(first) == {"subject": ["child"], "object": ["cradle"]}
    assert first.fields["label"] == "Content-Container(e1,e2)"
    assert entities(second) == {"subject": ["day"], "object": ["news"]}
    assert second.fields["label"] == "Message-Topic(e2,e1)" and third.fields["label"] == "Other"


def test_the_direction_can_be_that_of_subject_and_object(tmp_path: Path) -> None:
    first, second, third = read(tmp_path / "a", PAIRS, type="marked_pairs", direction_in_label=False)
    assert [each.fields["label"] for each in (first, second, third)] == ["Content-Container", "Message-Topic", "Other"]
    assert entities(second) == {"subject": ["news"], "object": ["day"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('1\t"<e1>a</e1> b"\nOther\n', "1: there is no <e2>; both entities are marked: <e1>…</e1>, <e2>…</e2>"),
        ('1\t"<e1>a</e1> <e2>b</e2>"\n', "1: the sentence has no relation on the line below it"),
        (
            '1\t"<e1>a</e1> <e2>b</e2>"\nCause(e1,e3)\n',
            ("2: the direction of a relation is written as in Cause-Effect(e1,e2), not 'Cause(e1,e3)'"),
        ),
        (
            '1\t"<e1>a</e1> <e2>b</e2>"\n2\t"<e1>a</e1> <e2>b</e2>"\n',
            ("2: a new sentence without a blank line, or without the relation of the one before it"),
        ),
        ("x\nOther\n", '1: a number and a sentence are needed: 1\\t"The <e1>…</e1> … <e2>…</e2> …"'),
        ('1\t"<e1>a</e1> <e1>b</e1>"\nOther\n', "1: <e1> stands twice; a sentence has one of each entity"),
    ],
)
def test_bad_pairs(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", content, type="marked_pairs")
    assert str(caught.value) == f"{tmp_path / 'a'}:{message}"


def test_a_table_with_names_and_quotes(tmp_path: Path) -> None:
    content = 'label,text\npos,"good, ""very""\nnice"\nneg,bad\n'
    first, second = read(tmp_path / "a.csv", content, type="labelled_text")
    assert first.text == 'good, "very"\nnice' and first.fields == {"label": "pos"}
    assert first.origin == f"{tmp_path / 'a.csv'}:2" and second.origin == f"{tmp_path / 'a.csv'}:4"
    assert second.offsets == [(0, 3)]


def test_a_table_without_names(tmp_path: Path) -> None:
    content = 'gj04\t1\t\tThe "sailors rode\ngj04\t0\t*\tHim likes\n'
    first, second = read(tmp_path / "a.tsv", content, type="labelled_text", text_column=-1, label_column=1)
    assert first.tokens == ["The", '"', "sailors", "rode"] and first.fields["label"] == "1"
    assert second.fields["label"] == "0"


def test_several_labels_and_pairs_in_json(tmp_path: Path) -> None:
    records = [
        {"a": "x y", "b": "z", "label": ["p", "q", "p"]},
        {"a": "x", "b": "z", "label": None},
        {"a": "x", "b": "y", "label": 3},
    ]
    options = {"type": "labelled_text", "text_column": "a", "pair_column": "b"}
    first, second, third = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, records)), **options)
    assert first.fields == {"label": ["p", "q"], "pair": ["z"], "pair_text": "z"}
    assert "label" not in second.fields and third.fields["label"] == "3"
    options = {"type": "labelled_text", "label_delimiter": "|"}
    (example,) = read(tmp_path / "a.csv", "text,label\nx,a| b\n", **options)
    assert example.fields["label"] == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            "text,lable\nx,y\n",
            {},
            (
                "2: there is no column 'label'; did you mean 'lable'? there are text, lable. Name it with "
                "text_column, label_column or pair_column"
            ),
        ),
        (
            "x,y\n",
            {"text_column": 4, "label_column": 0},
            "1: there is no column 4; the row has 2 columns, numbered from 0",
        ),
        ("text,label\nx,y\nz\n", {}, "3: the row has 1 cells, and the first line names 2 columns"),
        ("a,b\nc\n", {"text_column": 0, "label_column": 1}, "2: the row has 1 cells, and the first line has 2 columns"),
        ("text,label\n ,y\n", {}, "2: the text has no word"),
    ],
)
def test_bad_rows(tmp_path: Path, content: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.csv", content, type="labelled_text", **options)
    assert str(caught.value) == f"{tmp_path / 'a.csv'}:{message}"


def test_columns_must_differ() -> None:
    with pytest.raises(AdaSeqError, match="^text_column, label_column and pair_column must differ; received 1, 1$"):
        FORMATS.build({"type": "labelled_text", "text_column": 1, "label_column": 1})


def test_label_lines(tmp_path: Path) -> None:
    content = "LOC:city Where is Orl\xe9ans ?\n\nNUM:date When ?\n".encode("latin-1")
    first, second = read(tmp_path / "a", content, type="label_lines", encoding="latin-1")
    assert first.text == "Where is Orléans ?" and first.fields == {"label": "LOC:city"}
    assert second.origin == f"{tmp_path / 'a'}:3"
    coarse = read(tmp_path / "a", content, type="label_lines", encoding="latin-1", is_coarse=True)
    assert [each.fields["label"] for each in coarse] == ["LOC", "NUM"]
    with pytest.raises(
        DataError, match="1: the byte 0xe9 is no text in the encoding utf-8; convert the file, or name its enc"
    ):
        read(tmp_path / "a", content, type="label_lines")


def test_labels_with_a_prefix(tmp_path: Path) -> None:
    content = "__label__a __label__b good __label__c\n"
    (example,) = read(tmp_path / "a", content, type="label_lines", label_prefix="__label__")
    assert example.fields["label"] == ["a", "b"] and example.text == "good __label__c"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a b\nLOC\n", {}, "2: there is no text behind the label; a label, a blank and a text are needed"),
        (":x y\n", {"is_coarse": True}, "1: ':x' is no label"),
        (
            "good text\n",
            {"label_prefix": "__label__"},
            "1: the line does not begin with a label, which begins with '__label__'",
        ),
    ],
)
def test_bad_lines(tmp_path: Path, content: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", content, type="label_lines", **options)
    assert str(caught.value) == f"{tmp_path / 'a'}:{message}"
