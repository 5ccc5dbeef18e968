"""Texts in the columns of tables."""

from __future__ import annotations

from typing import Any

import pytest

from adaseq.errors import AdaSeqError, DataError
from adaseq.inference.reading import read_texts
from tests.inference.test_reading import checked


def read(content: str | bytes, file_format: str = "csv", **options: Any) -> list[dict[str, Any]]:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_texts(raw.splitlines(keepends=True), "in.csv", file_format, prepare=checked, **options))


def test_the_column_of_the_texts_and_the_others() -> None:
    content = '\ufeffid,text\r\n7,"a, ""b""\r\nc"\r\n\r\n八,\r\n'
    assert read(content) == [{"id": "7", "text": 'a, "b"\nc'}, {"id": "八", "text": ""}]
    assert read("sentence\none\n") == [{"text": "one"}]
    assert read("id\tnote\n1\ta, b\n", "tsv", text_column="note") == [{"id": "1", "text": "a, b"}]
    assert read("a;b\nc;d\n", text_column="a;b") == [{"text": "c;d"}]


def test_words_and_what_a_task_needs() -> None:
    content = 'tokens,mask\n"[""a"", ""b""]","[true, false]"\n"[""c""]",\n'
    assert read(content) == [{"tokens": ["a", "b"], "mask": [True, False]}, {"tokens": ["c"], "mask": None}]
    assert read('text,subject,object\na b,"[0, 1]","[2, 3]"\n') == [
        {"text": "a b", "subject": [0, 1], "object": [2, 3]}
    ]


def test_columns_of_names_that_mean_something_are_kept() -> None:
    """A table of mails, and one that holds its texts beside a column `text`."""
    assert read("text,subject,mask\na,Hello,yes\nb,2024,\n") == [
        {"text": "a", "subject": "Hello", "mask": "yes"},
        {"text": "b", "subject": "2024", "mask": None},
    ]
    assert read("tweet,text,tokens\na,b,two words\n", text_column="tweet") == [
        {"text": "a", "input_text": "b", "input_tokens": "two words"}
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a,b\n1,2\n",
            "in.csv:1: the table has no one column 'text'. Its columns are 'a', 'b'; say --text_column NAME",
        ),
        (
            b"text\n\xff\n",
            "in.csv:2: this line is not UTF-8 (byte 0xff at position 1); convert the file to UTF-8 first",
        ),
        ("text,id\na\n", "in.csv:2: this row has 1 cells; the first line names 2 columns"),
        ("text\nb\na,b\n", "in.csv:3: this row has 2 cells; the first line names 1 columns"),
        ('text\na\n"b\nc\n', "in.csv:3: this row is not in the format of the table: unexpected end of data"),
        ("tokens\n[1\n", "in.csv:2: the column 'tokens' holds JSON lists of words; received [1"),
        ("tokens\na b\n", "in.csv:2: the column 'tokens' holds JSON lists of words; received a b"),
        ("tokens\n[1]\n", 'in.csv:2: "tokens" must be a list of strings; received [1]'),
        (
            "id;text\n1;a\n",
            (
                "in.csv:1: the table has the one column 'id;text', as if its cells were separated otherwise: csv has commas "
                "between them, tsv has tabs. If it is one column, say --text_column NAME"
            ),
        ),
        ("id,text,text\n1,a,b\n", "in.csv:1: the table has 2 columns 'text'; give them names of their own"),
    ],
)
def test_bad_rows_are_named_with_their_line(content: str | bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    assert str(caught.value) == message


def test_reading_goes_on_behind_a_bad_row() -> None:
    errors: list[DataError] = []
    content = b'text,id\none,1\ntwo\n"\xff\nx",3\n"a"b,4\nlast,5\n'
    assert [each["id"] for each in read(content, on_error=errors.append)] == ["1", "5"]
    assert [error.line for error in errors] == [3, 4, 6]


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(DataError) as caught:
        read("txt,id\na,1\n", text_column="text")
    assert str(caught.value) == (
        "in.csv:1: the table has no column 'text'; did you mean 'txt'? Its columns are 'txt', 'id'; say --text_column NAME"
    )
    with pytest.raises(AdaSeqError) as other:
        read("a\n", "text", text_column="text")
    assert str(other.value) == "text_column is for tables (csv, tsv); 'in.csv' is read as text"


def test_long_cells_are_read() -> None:
    assert read("text\n" + "a " * 200_000 + "\n") == [{"text": "a " * 200_000}]


def test_an_empty_table() -> None:
    assert read("") == read("text\n") == []
