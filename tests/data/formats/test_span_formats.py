"""JSON with spans, CLUENER, CoNLL-U and segmented text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError, DataError
from adaseq.registry import FORMATS


def read(folder: Path, kind: str, *lines: Any, **options: Any) -> list[Example]:
    path = folder / "data"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return list(FORMATS.build({"type": kind, **options}).read(path))


def found(example: Example) -> list[tuple[str, str]]:
    return [("".join(example.tokens[span["start"] : span["end"]]), span["type"]) for span in example.spans]


def spans(*items: Any) -> dict[str, Any]:
    return {"text": "北京大学", "spans": list(items)}


def test_json_spans(tmp_path: Path) -> None:
    (example,) = read(tmp_path, "json_spans", spans({"start": 0, "end": 2, "type": "LOC", "word": "北京", "id": 7}))
    assert example == Example(
        "0",
        ["北", "京", "大", "学"],
        [{"start": 0, "end": 2, "type": "LOC"}],
        None,
        "北京大学",
        [(0, 1), (1, 2), (2, 3), (3, 4)],
        f"{tmp_path / 'data'}:1",
    )


def test_json_spans_with_other_keys_and_words(tmp_path: Path) -> None:
    record = {"t": "Ada Lovelace was here", "s": [{"start": 0, "end": 1, "type": "PER"}]}
    options = {"text_key": "t", "spans_key": "s", "tokenizer": "blank", "is_end_included": True}
    (example,) = read(tmp_path, "json_spans", "", record, **options)
    assert found(example) == [("AdaLovelace", "PER")]
    assert example.offsets == [(0, 3), (4, 12), (13, 16), (17, 21)]


def test_a_list_of_types_says_what_is_allowed(tmp_path: Path) -> None:
    (example,) = read(tmp_path, "json_spans", spans({"start": 1, "end": 3, "type": ["ORG", "LOC", "ORG"]}))
    assert example.spans == [{"start": 1, "end": 3, "type": "PARTIAL", "allowed": ["ORG", "LOC"]}]


@pytest.mark.parametrize("ends", [{}, {"start": 0, "end": 4}, {"start": 0}])
def test_entities_with_gaps(tmp_path: Path, ends: dict[str, int]) -> None:
    gapped = {"parts": [[0, 1], [2, 4]], "type": "ORG", **ends}
    (example,) = read(tmp_path, "json_spans", spans(gapped, {"parts": [[1, 3]], "type": "LOC"}))
    assert example.spans == [
        {"start": 0, "end": 4, "type": "ORG", "parts": [(0, 1), (2, 4)]},
        {"start": 1, "end": 3, "type": "LOC"},
    ]
    (same,) = read(tmp_path, "json_spans", spans({"parts": [[0, 0], [2, 3]], "type": "ORG"}), is_end_included=True)
    assert same.spans == example.spans[:1]


SPAN_ERRORS: list[tuple[Any, str]] = [
    ("PER", 'a span must be an object with start, end and type, not "PER"'),
    ({"start": 0, "type": "A"}, 'a span has no \'end\': {"start": 0, "type": "A"}'),
    ({"start": 0, "end": 1, "type": "A", "ids": 1}, "a span has the key 'ids', which is not known; did you mean 'id'?"),
    ({"start": 0, "end": 5, "type": "A"}, "the span from 0 to 5 (end excluded) is not within the 4 words of the text"),
    (
        {"start": -1, "end": 2, "type": "A"},
        "the span from -1 to 2 (end excluded) is not within the 4 words of the text",
    ),
    ({"start": 2, "end": 2, "type": "A"}, "the span from 2 to 2 (end excluded) is empty or runs backwards"),
    ({"start": True, "end": 2, "type": "A"}, "the start of a span must be a whole number, not true"),
    ({"start": 0, "end": 1.0, "type": "A"}, "the end of a span must be a whole number, not 1.0"),
    ({"start": 0, "end": 1, "type": []}, "the type of a span must be a string or a list of strings, not []"),
    ({"start": 0, "end": 1, "type": None}, "the type of a span must be a string or a list of strings, not null"),
    ({"parts": [], "type": "A"}, "the parts of a span must be a list of [start, end], not []"),
    ({"parts": [[0, 1], 3], "type": "A"}, "the parts of a span must be a list of [start, end], not [[0, 1], 3]"),
    ({"parts": [[0, 5]], "type": "A"}, "the span from 0 to 5 (end excluded) is not within the 4 words of the text"),
    (
        {"parts": [[2, 3], [0, 1]], "type": "A"},
        "the parts of a span must be in order, with words between them: [[2, 3], [0, 1]]",
    ),
    (
        {"parts": [[0, 1]], "end": 4, "type": "A"},
        'a span begins with its first part and ends with its last one: {"parts": [[0, 1]], "end": 4, "type": "A"}',
    ),
    (
        {"parts": [[0, 1], [2, 3]], "type": ["A", "B"]},
        'a span with parts must have a type, one string: {"parts": [[0, 1], [2, 3]], "type": ["A", "B"]}',
    ),
]


@pytest.mark.parametrize(("span", "message"), SPAN_ERRORS)
def test_json_spans_errors(tmp_path: Path, span: Any, message: str) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, "json_spans", spans(), spans(span))
    assert str(error.value) == f"{tmp_path / 'data'}:2: {message}"


def cluener(label: Any) -> dict[str, Any]:
    return {"text": "张三和李四和张三", "label": label}


@pytest.mark.parametrize(
    ("label", "options", "expected"),
    [
        ({"name": {"张三": [[0, 1], [6, 7]], "李四": [[3, 4]]}}, {}, ["张三", "李四", "张三"]),
        ({"name": {"张三": [[0, 2], [6, 8]], "李四": [[3, 5]]}}, {}, ["张三", "李四", "张三"]),
        ({"name": [[6, 8], [0, 2]]}, {}, ["张三", "张三"]),
        ({"name": [[0, 1]]}, {"is_end_included": True}, ["张三"]),
        ({"name": {"张三": [[0, 2]]}}, {"is_end_included": True}, ["张三"]),
        ({"name": {"张三": [[0, 1]]}}, {"is_end_included": False}, ["张三"]),
        ({"name": {"张": [[0, 0], [0, 0]]}}, {}, ["张"]),
        ({}, {}, []),
    ],
)
def test_cluener(tmp_path: Path, label: Any, options: dict[str, Any], expected: list[str]) -> None:
    (example,) = read(tmp_path, "cluener", cluener(label), **options)
    assert found(example) == [(surface, "name") for surface in expected]
    assert example.text == "张三和李四和张三"


def test_cluener_with_words(tmp_path: Path) -> None:
    record = {"text": "Ada Lovelace was here", "label": {"name": {"Ada Lovelace": [[0, 1]]}}}
    (example,) = read(tmp_path, "cluener", record, tokenizer="blank")
    assert found(example) == [("AdaLovelace", "name")]


CLUENER_ERRORS: list[tuple[Any, dict[str, Any], str]] = [
    ([], {}, "'label' must be an object of types, not []"),
    ({"name": 1}, {}, "the spans of type 'name' must be an object or a list, not 1"),
    ({"name": {"张三": 1}}, {}, "the spans of '张三' must be a list, not 1"),
    ({"name": {"张三": [[0]]}}, {}, "a span must be a list of two numbers, [start, end], not [0]"),
    ({"name": {"张三": [["0", 1]]}}, {}, 'the start of a span must be a whole number, not "0"'),
    ({"name": {"张三": [[1, 2]]}}, {}, "'张三' is said to be at [1, 2], but there is '三和'"),
    ({"name": [[7, 9]]}, {}, "the span from 7 to 9 (end excluded) is not within the 8 words of the text"),
]


@pytest.mark.parametrize(("label", "options", "message"), CLUENER_ERRORS)
def test_cluener_errors(tmp_path: Path, label: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, "cluener", cluener(label), **options)
    assert str(error.value) == f"{tmp_path / 'data'}:1: {message}"


def row(number: str, word: str, upos: str = "NOUN") -> str:
    return f"{number}\t{word}\t{word}\t{upos}\tNN\t_\t0\troot\t_\t_"


def test_conllu(tmp_path: Path) -> None:
    lines = [
        "# newdoc id = d1",
        "# sent_id = s1",
        "# text = She can't. ",
        row("1", "She", "PRON"),
        row("2-3", "can't", "_"),
    ]
    lines += [row("2", "ca", "AUX"), row("3", "n't", "PART"), row("3.1", "go", "VERB"), row("4", ".", "PUNCT"), ""]
    lines += ["# newdoc", row("1", "New York", "PROPN"), ""]
    first, second = read(tmp_path, "conllu", *lines)
    assert first.id == "s1" and first.origin.endswith("data:4") and first.fields == {"document": 0}
    assert found(first) == [("She", "PRON"), ("ca", "AUX"), ("n't", "PART"), (".", "PUNCT")]
    assert (first.text, first.offsets) == ("She can't.", [(0, 3), (4, 6), (6, 9), (9, 10)])
    assert (second.id, second.tokens, second.text, second.fields) == ("1", ["New York"], None, {"document": 1})


def test_conllu_keeps_no_text_that_its_words_do_not_spell(tmp_path: Path) -> None:
    (example,) = read(
        tmp_path, "conllu", "# text = du vin", row("1-2", "du"), row("1", "de"), row("2", "le"), row("3", "vin")
    )
    assert (example.tokens, example.text, example.offsets) == (["de", "le", "vin"], None, None)


@pytest.mark.parametrize(("column", "label"), [("upos", "NOUN"), ("xpos", "NN"), ("feats", "_"), ("deprel", "root")])
def test_conllu_columns(tmp_path: Path, column: str, label: str) -> None:
    reader = FORMATS.build({"type": "conllu", "label_column": column})
    (tmp_path / "data").write_text(row("1", "a"), encoding="utf-8")
    (example,) = reader.read(tmp_path / "data")
    assert found(example) == [("a", label)]
    assert reader.notes() == {"scheme": "PLAIN", "warnings": []}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2 b NOUN", "1 columns parted by tabs; CoNLL-U has 10"),
        (row("two", "b"), "the id must be like 3, 3-4 or 5.1, not 'two'"),
        (row("2", ""), "the word is empty"),
        (row("2", "b", "_"), "the word has no upos: '_'"),
    ],
)
def test_conllu_errors(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, "conllu", row("1", "a"), line)
    assert str(error.value) == f"{tmp_path / 'data'}:2: {message}"


def test_unknown_label_column() -> None:
    with pytest.raises(AdaSeqError) as error:
        FORMATS.build({"type": "conllu", "label_column": "pos"})
    assert str(error.value) == ("there is no label_column 'pos'; did you mean 'xpos'? Known: upos, xpos, feats, deprel")


def test_segmented(tmp_path: Path) -> None:
    first, second = read(tmp_path, "segmented", "上海  推\u3000“ 迎 ", "", "ab c")
    assert (first.tokens, found(first)) == (list("上海推“迎"), [("上海", ""), ("推", ""), ("“", ""), ("迎", "")])
    assert (second.id, second.origin, found(second)) == ("1", f"{tmp_path / 'data'}:3", [("ab", ""), ("c", "")])


def test_json_spans_say_which_types_are_allowed(tmp_path: Path) -> None:
    spans = [
        {"start": 0, "end": 1, "type": ["A"]},
        {"start": 1, "end": 2, "type": ["A", "B", "A"]},
        {"start": 2, "end": 3, "type": "PARTIAL", "allowed": ["B", "C"]},
        {"start": 3, "end": 4, "type": "PARTIAL"},
    ]
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"text": "abcd", "spans": spans}), encoding="utf-8")
    (example,) = FORMATS.build("json_spans").read(path)
    assert example.spans == [
        {"start": 0, "end": 1, "type": "A"},
        {"start": 1, "end": 2, "type": "PARTIAL", "allowed": ["A", "B"]},
        {"start": 2, "end": 3, "type": "PARTIAL", "allowed": ["B", "C"]},
        {"start": 3, "end": 4, "type": "PARTIAL"},
    ]


def test_allowed_types_are_for_partial_spans_only(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    spans = [{"start": 0, "end": 1, "type": "A", "allowed": ["B"]}]
    path.write_text(json.dumps({"text": "ab", "spans": spans}), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        list(FORMATS.build("json_spans").read(path))
    assert str(caught.value) == f"{path}:1: 'allowed' is for spans of type PARTIAL, not \"A\""


@pytest.mark.parametrize(
    ("name", "annotation"),
    [
        ("json_spans", {"spans": [{"start": 0, "end": 1, "type": "A"}, {"start": 2, "end": 3, "type": "B"}]}),
        ("cluener", {"label": {"A": [[0, 1]], "B": [[2, 3]]}}),
    ],
)
def test_behind_the_end_of_the_sentence_all_is_context(tmp_path: Path, name: str, annotation: dict[str, Any]) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"text": ["a", "<EOS>", "b"], **annotation}), encoding="utf-8")
    (example,) = FORMATS.build(name).read(path)
    assert example.spans == [{"start": 0, "end": 1, "type": "A"}] and example.mask == [True, False, False]
