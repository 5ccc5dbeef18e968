"""Input files become texts; what cannot be read is named with its line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import pytest

from adaseq.errors import AdaSeqError, DataError
from adaseq.inference.reading import read_texts
from tests.inference.test_predictor import make


def checked(record: dict[str, Any]) -> dict[str, Any]:
    """The record, if a predictor takes it."""
    make().example(record)
    return record


def read(content: bytes, file_format: str, prepare: Any = checked, **options: Any) -> list[dict[str, Any]]:
    return list(read_texts(content.splitlines(keepends=True), "in.txt", file_format, prepare=prepare, **options))


def test_every_line_of_raw_text_is_a_text() -> None:
    lines = "\ufeffone\r\n\n 二\u2028 \nlast".encode()
    assert read_lines(lines) == ["one", "", " 二\u2028 ", "last"]


def read_lines(content: bytes) -> list[str]:
    lines = [line + b"\n" for line in content.split(b"\n")]
    return [record["text"] for record in read_texts(lines, "in.txt", "text")]


def test_json_lines_keep_their_other_keys() -> None:
    content = b'{"text": "a b", "id": 1}\n\n  \n{"tokens": ["a", "b"]}\n{"text": ["c"]}\n'
    assert read(content, "jsonl") == [{"text": "a b", "id": 1}, {"tokens": ["a", "b"]}, {"text": ["c"]}]


def test_columns_give_words() -> None:
    content = b"-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects\n\n\t\n#tag\tO\nNew York\tB\n\t O\n"
    assert read(content, "conll") == [
        {"tokens": ["EU", "rejects"], "document": 0},
        {"tokens": ["#tag", "New York", " "], "document": 0},
    ]


def test_words_of_conllu() -> None:
    content = (
        "\ufeff# newdoc id = 1\n# sent_id = 1\n1-2\tdel\t_\n1\tde\tde\n2\tel\tel\n2.1\tnada\t_\n3\t3 000,5\t_\n\n"
        "# newdoc\n1\t#\t_\r\n2\t-\t_\r\n\r\n"
    ).encode()
    assert read(content, "conllu") == [
        {"tokens": ["de", "el", "3 000,5"], "document": 0},
        {"tokens": ["#", "-"], "document": 1},
    ]
    with pytest.raises(DataError, match="^in.txt:2: this line is not UTF-8"):
        read(b"1\tok\t_\n2\t\xff\t_\n", "conllu")


def test_marks_of_documents_are_kept() -> None:
    content = b"a\n\n-DOCSTART- O\n\nb\n\n-DOCSTART- O\nc\n"
    assert [record.get("document") for record in read(content, "conll")] == [None, 0, 1]


def test_lines_are_read_as_they_are_needed() -> None:
    lines = (b"%d\n" % number for number in count())
    assert [record["text"] for record in islice(read_texts(lines, "in", "text"), 3)] == ["0", "1", "2"]


BAD_LINES = [
    (
        "text",
        b"caf\xe9\n",
        "in.txt:2: this line is not UTF-8 (byte 0xe9 at position 4); convert the file to UTF-8 first",
    ),
    (
        "conll",
        b"caf\xe9 O\n\n",
        "in.txt:2: this line is not UTF-8 (byte 0xe9 at position 4); convert the file to UTF-8 first",
    ),
    ("jsonl", b'{"text": "a"\n', "in.txt:2: this line is not a JSON object: Expecting ',' delimiter (column 13)"),
    ("jsonl", b'"a"\n', 'in.txt:2: a record is an object with "text" or "tokens"; received "a"'),
    (
        "jsonl",
        b'{"txt": "a", "n": 1}\n',
        "in.txt:2: an input has either \"text\" or \"tokens\"; this one has 'txt', 'n'",
    ),
    (
        "jsonl",
        b'{"text": "a", "tokens": []}\n',
        "in.txt:2: an input has either \"text\" or \"tokens\"; this one has 'text', 'tokens'",
    ),
    ("jsonl", b'{"text": 5}\n', 'in.txt:2: "text" must be a string; received 5'),
    ("jsonl", b'{"tokens": "a b"}\n', "in.txt:2: \"tokens\" must be a list of strings; received 'a b'"),
    ("jsonl", b'{"tokens": ["a", null]}\n', "in.txt:2: \"tokens\" must be a list of strings; received ['a', None]"),
    (
        "jsonl",
        b'{"tokens": ["a", "b"], "mask": [true]}\n',
        "in.txt:2: a mask is a list with true or false for each of the 2 words; received [True]",
    ),
    (
        "jsonl",
        b'{"text": "a", "mask": [true]}\n',
        'in.txt:2: a mask says which words are context: give the words, as "tokens" instead of "text"',
    ),
    ("jsonl", b'{"text": "a", "n": NaN}\n', "in.txt:2: NaN is not JSON"),
    ("jsonl", b'{"text": "a", "n": [1e999]}\n', "in.txt:2: the number 1e999 is too large"),
    ("jsonl", b"[" * 200_000 + b"\n", "in.txt:2: this line is nested too deeply"),
    (
        "jsonl",
        b'{"text": "a\\ud83d"}\n',
        "in.txt:2: the text holds half of a surrogate pair at character 1, which is no character and cannot be encoded",
    ),
]


@pytest.mark.parametrize(("file_format", "line", "message"), BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_bad_record_is_named_and_can_be_skipped(file_format: str, line: bytes, message: str) -> None:
    good = {"text": b"x\n", "jsonl": b'{"text": "x"}\n', "conll": b"\n"}[file_format]
    content = good + line + good
    with pytest.raises(DataError) as caught:
        read(content, file_format)
    assert str(caught.value) == message
    errors: list[DataError] = []
    records = read(content, file_format, on_error=errors.append)
    assert [str(error) for error in errors] == [message]
    assert records == ([] if file_format == "conll" else [{"text": "x"}] * 2)


def test_skipping_leaves_out_the_whole_sentence_and_no_other() -> None:
    content = b"a O\n\nb O\n\xff O\nc O\n\nd O\n"
    errors: list[DataError] = []
    assert read(content, "conll", on_error=errors.append) == [{"tokens": ["a"]}, {"tokens": ["d"]}]
    assert [error.line for error in errors] == [4]


def test_reading_stops_at_the_first_bad_record() -> None:
    def lines() -> Iterator[bytes]:
        yield b"good\n"
        yield b"\xff\n"
        raise AssertionError("read on")

    texts = read_texts(lines(), "in", "text")
    assert next(texts) == {"text": "good"}
    with pytest.raises(DataError, match="in:2"):
        next(texts)


def test_what_is_made_of_a_record_may_refuse_it() -> None:
    def prepare(record: dict[str, Any]) -> str:
        if "b" in record["text"]:
            raise AdaSeqError("there is a b")
        return record["text"].upper()

    reported: list[DataError] = []
    assert read(b"a\nb\nc\n", "text", on_error=reported.append, prepare=prepare) == ["A", "C"]
    assert [str(error) for error in reported] == ["in.txt:2: there is a b"]
    with pytest.raises(DataError, match=r"^in.txt:2: there is a b$"):
        read(b"a\nb\n", "text", prepare=prepare)


def test_a_sentence_in_columns_is_named_by_its_first_line() -> None:
    def refuse(record: dict[str, Any]) -> None:
        raise AdaSeqError(record["tokens"][0])

    reported: list[DataError] = []
    assert read(b"\na\nb\n\n\nc\n", "conll", on_error=reported.append, prepare=refuse) == []
    assert [str(error) for error in reported] == ["in.txt:2: a", "in.txt:6: c"]
