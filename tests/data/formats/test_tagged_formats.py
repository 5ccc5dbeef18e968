"""CoNLL and JSON with tags: what they share, and each one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaseq.data.example import Example
from adaseq.data.formats import base
from adaseq.data.formats.conll import ConllFormat
from adaseq.data.formats.json_tags import JsonTagsFormat
from adaseq.data.formats.tagged import TaggedFormat
from adaseq.data.tags import SchemeDetector
from adaseq.errors import AdaSeqError, DataError
from adaseq.registry import FORMATS


def read_conll(folder: Path, text: str, **options: Any) -> list[Example]:
    path = folder / "data.txt"
    path.write_bytes(text.encode())
    return list(ConllFormat(**options).read(path))


def read_json(folder: Path, *records: Any, **options: Any) -> list[Example]:
    path = folder / "data.jsonl"
    path.write_text(
        "\n".join(each if isinstance(each, str) else json.dumps(each) for each in records), encoding="utf-8"
    )
    return list(JsonTagsFormat(**options).read(path))


def found(example: Example) -> list[tuple[str, str]]:
    return [(" ".join(example.tokens[span["start"] : span["end"]]), span["type"]) for span in example.spans]


def test_conll(tmp_path: Path) -> None:
    first, second = read_conll(tmp_path, "\nJohn B-PER\nSmith I-PER\nis O\n\n\nAda  X  B-PER\n", token_column=0)
    assert first == Example(
        "0",
        ["John", "Smith", "is"],
        [{"start": 0, "end": 2, "type": "PER"}],
        origin=f"{tmp_path / 'data.txt'}:2",
    )
    assert (second.id, second.tokens, found(second)) == ("1", ["Ada"], [("Ada", "PER")])
    assert second.origin.endswith("data.txt:7")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", ["", " ", "\t", " \t "])
def test_a_line_of_white_space_ends_a_sentence(tmp_path: Path, end: str, separator: str) -> None:
    examples = read_conll(tmp_path, end.join(["a\tO", "b\tB-A", separator, "c\tO"]))
    assert [example.tokens for example in examples] == [["a", "b"], ["c"]]


def test_words_may_be_or_hold_any_white_space_where_tabs_part_columns(tmp_path: Path) -> None:
    words = [" ", "\u3000", "New York", "\u2028", "a\x0bb", "\x85", "\u200b", "#", "\0"]
    for end in ("\n", "\r\n"):
        (example,) = read_conll(tmp_path, end.join(f"{word}\tO" for word in words))
        assert example.tokens == words


def test_words_may_hold_other_white_space_where_one_space_parts_columns(tmp_path: Path) -> None:
    (example,) = read_conll(tmp_path, "\u3000 O\na\u00a0b B-A\n")
    assert example.tokens == ["\u3000", "a\u00a0b"]


@pytest.mark.parametrize("name", ["tab", "\t", "\\t"])
def test_delimiter_by_name(tmp_path: Path, name: str) -> None:
    (example,) = read_conll(tmp_path, "a b\tO\nc\tB-A \n", delimiter=name)
    assert (example.tokens, found(example)) == (["a b", "c"], [("c", "A")])


def test_other_delimiters(tmp_path: Path) -> None:
    assert read_conll(tmp_path, "a,O\n b,B-A\n", delimiter=",")[0].tokens == ["a", " b"]
    assert read_conll(tmp_path, "a O\nb B-A\n", delimiter="space")[0].tokens == ["a", "b"]


def test_columns(tmp_path: Path) -> None:
    text = "1 a O B-X\n2 b B-A I-X\n"
    (example,) = read_conll(tmp_path, text, token_column=1, label_column=2)
    assert (example.tokens, found(example)) == (["a", "b"], [("b", "A")])
    assert found(read_conll(tmp_path, text, token_column=1)[0]) == [("a b", "X")]


def test_words_in_the_last_column(tmp_path: Path) -> None:
    for text in ("O\ta \r\nB-A\tb", "O a\nB-A b\n"):
        (example,) = read_conll(tmp_path, text, token_column=-1, label_column=0)
        assert [token.strip(" ") for token in example.tokens] == ["a", "b"]
        assert found(example) == [("b", "A")]


def test_documents(tmp_path: Path) -> None:
    text = "a O\n-DOCSTART- -X- O\n\nb B-A\n\nc O\n-DOCSTART-\nd O\n"
    assert [(e.tokens, e.fields) for e in read_conll(tmp_path, text)] == [
        (["a"], {}),
        (["b"], {"document": 0}),
        (["c"], {"document": 0}),
        (["d"], {"document": 1}),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path: Path) -> None:
    assert read_conll(tmp_path, "\ufeffa O\nb B-A")[0].tokens == ["a", "b"]


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes("张 B-PER\n三 I-PER\n".encode("gb18030"))
    (example,) = ConllFormat(encoding="gb18030").read(path)
    assert example.tokens == ["张", "三"]


def test_ids_differ_over_the_files_of_a_split(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("x O\n\ny B-A\n", encoding="utf-8")
    reader = ConllFormat()
    assert [example.id for name in ("a", "b") for example in reader.read(tmp_path / name)] == ["0", "1", "2", "3"]


def test_the_scheme_is_that_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("a I-A\nb I-A\n\n" * 50 + "a I-A\nb B-A\n", encoding="utf-8")
    reader = ConllFormat()
    examples = list(reader.read(path))
    assert reader.notes() == {"scheme": "IOB1", "detected": True, "warnings": []}
    assert found(examples[0]) == [("a b", "A")]
    assert found(examples[-1]) == [("a", "A"), ("b", "A")]


def test_context_and_partial_labels(tmp_path: Path) -> None:
    text = "a B-A\nb I-A\nc UNK\nd UNK\n\ne S-X\nf X\ng O\n<EOS> O\nh B-A\n"
    first, second = read_conll(tmp_path, text, partial_label="UNK")
    assert (found(first), first.mask) == ([("a b", "A"), ("c d", "PARTIAL")], None)
    assert (found(second), second.mask) == ([], [False, False, True, False, False])


def test_context_does_not_change_the_scheme(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("a B-A\nb I-A\nc S-X\nd O\n<EOS> O\ne M-A\n", encoding="utf-8")
    reader = ConllFormat()
    list(reader.read(path))
    assert reader.notes()["scheme"] == "BIO"


def test_x_is_a_label_where_longer_spans_have_it(tmp_path: Path) -> None:
    first, second = read_conll(tmp_path, "a B-X\nb O\n\nc B-X\nd I-X\n")
    assert (found(first), first.mask) == ([("a", "X")], None)
    assert (found(second), second.mask) == ([("c d", "X")], None)


def test_labels_of_words(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("a DET\nb NOUN\nc X\n", encoding="utf-8")
    reader = ConllFormat()
    (example,) = reader.read(path)
    assert (found(example), example.mask) == ([("a", "DET"), ("b", "NOUN"), ("c", "X")], None)
    assert reader.notes() == {"scheme": "PLAIN", "detected": True, "warnings": []}


def test_tags_in_forbidden_places_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("a B-A\nb E-B\nc X\nd I-A\n\ne O\nf S-A\ng B-A\n", encoding="utf-8")
    reader = ConllFormat()
    first, second = reader.read(path)
    assert found(first) == [("a", "A"), ("b", "B"), ("d", "A")] and found(second) == [("f", "A"), ("g", "A")]
    said = "4 tags stand where BIOES does not allow them: read as the conlleval script does"
    assert reader.notes()["warnings"] == [said]


def test_more_columns_than_before_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("a B-A\nNew York  B-A\n", encoding="utf-8")
    reader = ConllFormat()
    assert [example.tokens for example in reader.read(path)] == [["a", "New"]]
    said = "line 2 has 3 columns, those before it 2; a word with a space in it?"
    assert reader.notes()["warnings"] == [said]
    path.write_text("a B-A\n" + "New York  B-A\n" * 30, encoding="utf-8")
    reader = ConllFormat()
    assert len([*reader.read(path)]) == 1
    assert reader.notes()["warnings"] == [f"{said} (and 29 more)"]


@pytest.mark.parametrize(
    ("data_type", "text"),
    [("relation_conll", "<E> r\nNew York O\n</E> O\n"), ("nested_conll", "Ann O O\nNew York O B-A\n")],
)
def test_more_columns_are_noted_in_all_formats_with_columns(tmp_path: Path, data_type: str, text: str) -> None:
    path = tmp_path / "data.txt"
    path.write_text(text, encoding="utf-8")
    reader = FORMATS.build({"type": data_type, **({"label_columns": [-1]} if "Ann" in text else {})})
    assert len([*reader.read(path)]) == 1
    assert [said.partition(", ")[0] for said in reader.notes()["warnings"]] == [
        f"line 2 has {3 + ('Ann' in text)} columns"
    ]


CONLL_ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("a O\nb\n", {}, "2: one column; a word and a tag are needed, with white space between them"),
    ("a O\nb\n", {"delimiter": "tab"}, "1: one column; a word and a tag are needed, with a tab between them"),
    ("a\tO\n\tO\n", {}, "2: the word is empty"),
    ("a\tO\nb\t\n", {}, "2: the tag is empty"),
    ("a O\n", {"label_column": 2}, "1: there is no column 2, the label_column: the line has 2 columns"),
    ("a O\n", {"token_column": -3}, "1: there is no column -3, the token_column: the line has 2 columns"),
    ("a O\n", {"token_column": 1}, "1: with 2 columns, token_column and label_column are the same one"),
    ("a NN O\nb NN  O\nc O\n", {}, "3: 2 columns, where the lines before it have 3"),
    (
        "a O\n\nb O\nc I-A\n",
        {"source_scheme": "bio", "strict": True},
        "4: 'I-A' follows 'O', which the scheme BIO does not allow",
    ),
    ("a O\n\nb O\nc E-A\n", {"source_scheme": "BIO"}, "4: 'E-A' is no tag of the source_scheme BIO"),
    (
        "a O\nb B-A\n\nc B-B\nd B_A\n",
        {},
        (
            "5: the tag 'B_A' has no prefix such as B- or I-, while other tags have one. If it marks words that are not annotated, "
            "say so with 'partial_label: B_A'; if tags are labels of words, with 'source_scheme: PLAIN'"
        ),
    ),
    ("\n \n-DOCSTART- O\n", {}, " there is no sentence in this file; is it the right one?"),
    ("", {}, " there is no sentence in this file; is it the right one?"),
]


@pytest.mark.parametrize(("text", "options", "message"), CONLL_ERRORS)
def test_conll_errors_name_file_and_line(tmp_path: Path, text: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as error:
        read_conll(tmp_path, text, **options)
    assert str(error.value) == f"{tmp_path / 'data.txt'}:{message}"


@pytest.mark.parametrize("lines_before", [0, 20_000])
def test_bytes_that_are_no_text(tmp_path: Path, lines_before: int) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes("词 O\n".encode() * lines_before + b"a O\nb\xe9 O\n")
    with pytest.raises(DataError) as error:
        list(ConllFormat().read(path))
    assert str(error.value) == (
        f"{path}:{lines_before + 2}: the byte 0xe9 is no text in the encoding utf-8; convert the file, or name its encoding, "
        "such as 'encoding: gb18030' or 'encoding: latin-1'"
    )


def test_a_file_that_ends_within_a_character(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes("词 O\n词".encode()[:-1])
    with pytest.raises(
        DataError, match=r"data\.txt:2: the character at the end of the file is incomplete in the encoding utf-8"
    ):
        list(ConllFormat().read(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt: cannot be read: No such file or directory$"):
        list(ConllFormat().read(tmp_path / "none.txt"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf-9"}, "there is no character encoding 'utf-9'; usual ones: utf-8, gb18030, latin-1"),
        ({"delimiter": ""}, "delimiter is empty; give tab, space or another string, or leave it out"),
        ({"label_column": 0}, "token_column and label_column are both 0; words and tags need two columns"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(AdaSeqError) as error:
        FORMATS.build({"type": "conll", **options})
    assert str(error.value) == message


def test_json_tags_with_characters(tmp_path: Path) -> None:
    record = {"text": "a 北京", "labels": ["O", "O", "B-LOC", "I-LOC"]}
    first, second = read_json(tmp_path, record, "", "  ", record)
    assert (first.tokens, first.text, found(first)) == (["a", " ", "北", "京"], "a 北京", [("北 京", "LOC")])
    assert first.offsets == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert (second.id, second.origin) == ("1", f"{tmp_path / 'data.jsonl'}:4")


def test_json_tags_with_words(tmp_path: Path) -> None:
    tags = ["B-PER", "I-PER"]
    (example,) = read_json(tmp_path, {"t": "Ada Lovelace", "g": tags}, text_key="t", tags_key="g", tokenizer="blank")
    assert (example.tokens, example.offsets) == (["Ada", "Lovelace"], [(0, 3), (4, 12)])
    (example,) = read_json(tmp_path, {"text": ["Ada", "Love lace"], "labels": tags})
    assert (example.tokens, example.text, example.offsets) == (["Ada", "Love lace"], None, None)


JSON_ERRORS: list[tuple[Any, str]] = [
    ('{"text": ', "no JSON: Expecting value at column 10; one object per line is needed"),
    ("[]", 'one JSON object per line is needed, like {"text": …}, not []'),
    ({"text": "a"}, "there is no 'labels'; the object has the keys 'text'"),
    ({"test": "a"}, "there is no 'text'; did you mean 'test'? the object has the keys 'test'"),
    ({"text": 1, "labels": []}, "'text' must be a string or a list of words, not 1"),
    ({"text": "", "labels": []}, "'text' is empty"),
    ({"text": ["a", ""], "labels": ["O", "O"]}, "'text' has an item that is no word: \"\""),
    ({"text": "a", "labels": "O"}, "'labels' must be a list of tags, not \"O\""),
    ({"text": "a", "labels": [3]}, "'labels' has an item that is no tag: 3"),
    (
        {"text": "ab", "labels": ["O"]},
        "1 tags for 2 words; a string is split into words by the option tokenizer, which is char",
    ),
    ('{"text": "\\ud800", "labels": ["O"]}', "half of a surrogate pair in a string is no character"),
]


@pytest.mark.parametrize(("record", "message"), JSON_ERRORS)
def test_json_errors_name_file_and_line(tmp_path: Path, record: Any, message: str) -> None:
    with pytest.raises(DataError) as error:
        read_json(tmp_path, {"text": "a", "labels": ["O"]}, record)
    assert str(error.value) == f"{tmp_path / 'data.jsonl'}:2: {message}"


def test_two_blanks_in_a_row_are_no_word(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_json(tmp_path, {"text": "a  b", "labels": ["O", "O"]}, tokenizer="blank")
    assert str(error.value).endswith(
        ":1: 'text' begins or ends with a blank or has two in a row, which makes an empty word"
    )


def test_tag_errors_in_json_name_the_word(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_json(tmp_path, {"text": "abc", "labels": ["O", "O", "I-A"]}, source_scheme="BIO", strict=True)
    assert str(error.value) == (
        f"{tmp_path / 'data.jsonl'}:1: word 2: 'I-A' follows 'O', which the scheme BIO does not allow"
    )


def test_unknown_tokenizer() -> None:
    with pytest.raises(AdaSeqError) as error:
        FORMATS.build({"type": "json_tags", "tokenizer": "blanks"})
    assert str(error.value) == "there is no tokenizer 'blanks'; did you mean 'blank'? Known: char, blank"


_PARTS = [
    "a\tO",
    "b\tB-A",
    "c\tI-A",
    "<EOS>\tO",
    "d\tI-B",
    "e\tX",
    "",
    "\t",
    "-DOCSTART-\tO",
    "\u2028\tO",
    "f\tB-A\xa0",
]


@pytest.mark.parametrize("delimiter", ["\t", " "])
@given(lines=st.lists(st.sampled_from(_PARTS)), end=st.sampled_from(["\n", "\r\n"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_quick_look_at_all_tags_sees_what_reading_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delimiter: str, lines: list[str], end: str
) -> None:
    monkeypatch.setattr(base, "_BLOCK", 16)
    path = tmp_path / "data.txt"
    path.write_text(end.join(lines).replace("\t", delimiter), encoding="utf-8", newline="")
    reader = ConllFormat(delimiter)
    reader._delimiter = delimiter
    quick, slow = SchemeDetector(), SchemeDetector()
    reader._add_tags(path, quick)
    TaggedFormat._add_tags(reader, path, slow)
    assert quick.tags == slow.tags
    assert quick.result(["X"]) == slow.result(["X"])
    assert quick.count_illegal("BIO", ["X"]) == slow.count_illegal("BIO", ["X"])


def test_a_word_may_be_white_space_where_spaces_part_the_columns(tmp_path: Path) -> None:
    (example,) = read_conll(tmp_path, "a B-A\n  I-A\n\u3000\u3000O\n")
    assert example.tokens == ["a", " ", "\u3000"] and found(example) == [("a  ", "A")]
