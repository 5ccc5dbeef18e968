"""Nested entities in several columns, and entity typing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError, DataError
from adaseq.registry import FORMATS


def read(path: Path, content: str, **block: Any) -> list[Example]:
    path.write_text(content, encoding="utf-8")
    return list(FORMATS.build(block).read(path))


def spans_of(example: Example) -> list[tuple[int, int, str]]:
    return [(span["start"], span["end"], span["type"]) for span in example.spans]


NESTED = "The\tB-ORG\tO\nAda\tI-ORG\tB-PER\nFund\tI-ORG\tO\n\nin\tO\tO\nRome\tB-LOC\tB-LOC\n"


def test_the_spans_of_all_columns_are_read_outer_ones_first(tmp_path: Path) -> None:
    first, second = read(tmp_path / "a", NESTED, type="nested_conll")
    assert spans_of(first) == [(0, 3, "ORG"), (1, 2, "PER")]
    assert spans_of(second) == [(1, 2, "LOC")]  # the same on both levels: once
    assert second.origin == f"{tmp_path / 'a'}:5"


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    first, _ = read(tmp_path / "a", NESTED, type="nested_conll", label_columns=[2])
    assert spans_of(first) == [(1, 2, "PER")]
    text = "1 NN Ada B-PER\n2 NN ran O\n"
    (example,) = read(tmp_path / "b", text, type="nested_conll", token_column=2, label_columns=[-1])
    assert example.tokens == ["Ada", "ran"] and spans_of(example) == [(0, 1, "PER")]


def test_illegal_sequences_are_read_as_conlleval_does_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("a\tI-X\tO\nb\tI-Y\tB-Z\nc\tO\tI-Z\n", encoding="utf-8")
    reader = FORMATS.build({"type": "nested_conll", "source_scheme": "BIO"})
    (example,) = reader.read(path)
    assert spans_of(example) == [(0, 1, "X"), (1, 3, "Z"), (1, 2, "Y")]
    assert reader.notes()["warnings"] == [
        "2 tags stand where BIO does not allow them: read as the conlleval script does"
    ]


def test_context_is_context_on_all_levels(tmp_path: Path) -> None:
    (example,) = read(tmp_path / "a", "a\tB-A\tO\nb\tX\tX\nc\tO\tO\n<EOS>\tO\tO\n", type="nested_conll")
    assert example.mask == [True, False, True, False]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a\tO\tO\nb\tO\n", {}, "2: 2 columns, parted by a tab, where the lines before it have 3"),
        ("a\tO\tB-X\n\nb\tO\tB\tO\n\n\tO\tO\n", {}, "5: the word is empty"),
        ("a\tO\t\n", {}, "1: column 2: the tag is empty"),
        (
            "a\tO\tI-X\n",
            {"strict": True, "source_scheme": "BIO"},
            "1: column 2: 'I-X' begins the sentence, which the scheme BIO does not allow",
        ),
        ("a\tO\tE-X\n", {"source_scheme": "BIO"}, "1: column 2: 'E-X' is no tag of the source_scheme BIO"),
        (
            "a\tN\tV\n",
            {},
            (
                " the tags have no prefix such as B- or I-; are the columns right? They are token_column and "
                "label_columns"
            ),
        ),
    ],
)
def test_bad_records_of_nested_entities(tmp_path: Path, content: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", content, type="nested_conll", **options)
    assert str(caught.value) == f"{tmp_path / 'a'}:{message}"


def test_the_word_column_is_no_tag_column() -> None:
    with pytest.raises(AdaSeqError) as caught:
        FORMATS.build({"type": "nested_conll", "label_columns": [0, 1]})
    assert str(caught.value) == ("label_columns is [0, 1]; it names the columns of the tags, without token_column, 0")


TYPED = {"text": "李白 诗人", "label": [{"start": 0, "end": 2, "type": ["poet", "person", "poet"]}]}


def test_mentions_have_all_their_types(tmp_path: Path) -> None:
    (example,) = read(tmp_path / "a", json.dumps(TYPED) + "\n\n", type="entity_typing")
    assert example.spans == [{"start": 0, "end": 2, "type": "", "types": ["poet", "person"]}]
    assert example.text == "李白 诗人" and example.offsets == [(i, i + 1) for i in range(5)]


def test_blank_means_any_white_space_and_ends_may_be_included(tmp_path: Path) -> None:
    record = {"text": " Ada  Lovelace wrote ", "label": [{"start": 0, "end": 1, "type": "person"}]}
    options = {"type": "entity_typing", "tokenizer": "blank", "is_end_included": True}
    (example,) = read(tmp_path / "a", json.dumps(record), **options)
    assert example.tokens == ["Ada", "Lovelace", "wrote"] and example.offsets == [(1, 4), (6, 14), (15, 20)]
    assert example.spans == [{"start": 0, "end": 2, "type": "", "types": ["person"]}]


def test_concat_makes_an_example_of_each_mention(tmp_path: Path) -> None:
    record = {"text": "ab", "label": [{"start": i, "end": i + 1, "type": ["x"]} for i in range(2)]}
    examples = read(tmp_path / "a", json.dumps(record), type="entity_typing", encoding_format="concat")
    assert [[span["start"] for span in example.spans] for example in examples] == [[0], [1]]
    assert [example.id for example in examples] == ["0", "1"]


def test_records_about_one_mention(tmp_path: Path) -> None:
    records = [{"sentence": "在北京。", "span": [1, 3], "label_types": ["城市"], "mention": "北京"}] * 2
    options = {"type": "entity_typing", "text_key": "sentence", "spans_key": "span", "types_key": "label_types"}
    for content in ("\n".join(map(json.dumps, records)), json.dumps(records, indent=1)):
        first, _ = read(tmp_path / "a", content, **options)
        assert first.spans == [{"start": 1, "end": 3, "type": "", "types": ["城市"]}]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text": "a"}, "there is no 'label'; the object has the keys 'text'"),
        ({"text": "a", "label": [3]}, "a mention must be an object with start, end and type, not 3"),
        ({"text": "a", "label": [{"start": 0, "end": 1}]}, 'a mention has no \'type\': {"start": 0, "end": 1}'),
        (
            {"text": "a", "label": [{"start": 0, "end": 2, "type": ["x"]}]},
            "the span from 0 to 2 (end excluded) is not within the 1 words of the text",
        ),
        (
            {"text": "a", "label": [{"start": 0, "end": 1, "type": [""]}]},
            'the type of a mention must be a list of strings, not [""]',
        ),
        (
            {"text": "a", "label": [{"start": 0, "end": 1, "type": [], "typ": 1}]},
            "a mention has the key 'typ', which is not known; did you mean 'type'?",
        ),
    ],
)
def test_bad_mentions(tmp_path: Path, record: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", "\n" + json.dumps(record), type="entity_typing")
    assert str(caught.value) == f"{tmp_path / 'a'}:2: {message}"


def test_a_bad_record_of_a_list_is_named_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", json.dumps([TYPED, {"text": 3}]), type="entity_typing")
    assert str(caught.value) == (
        f"{tmp_path / 'a'}:2: record 2 of the list: 'text' must be a string or a list of words, not 3"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[\n{"text": "a",\n "label": }]', "3: no JSON: Expecting value at column 11"),
        ('[{"text": "a", "label": []}\n{"text": "b"}]', "2: a comma or the end of the list is needed"),
        ("[\n3]", "2: record 1 of the list: an object is needed, not 3"),
        (
            "[]\nx",
            (
                "2: there is something behind the end of the document; a list of objects is needed, or an object on each "
                "line"
            ),
        ),
        ('[{"text": "a", "label": []},\n]', "2: a comma before the end of the list"),
        ("[]", " there is no sentence in this file; is it the right one?"),
    ],
)
def test_broken_documents(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", content, type="entity_typing")
    assert str(caught.value) == f"{tmp_path / 'a'}:{message}"


def test_an_unknown_way_to_encode_is_refused() -> None:
    with pytest.raises(AdaSeqError) as caught:
        FORMATS.build({"type": "entity_typing", "encoding_format": "spans"})
    assert str(caught.value) == "there is no encoding_format 'spans'; did you mean 'span'? known: span, concat"
