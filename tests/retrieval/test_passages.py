"""The corpus: text, JSON lines, columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaseq.errors import DataError
from adaseq.retrieval.passages import Passage, check_files, read_passages


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_lines_objects_and_columns(tmp_path: Path) -> None:
    text = write(tmp_path / "a.txt", "\ufeffOne line.\r\n\n  two \n")
    lines = write(tmp_path / "b.jsonl", '{"text": "a  b"}\n\n{"text": ["北", "京", "is", " "]}\n{"text": ""}\n')
    columns = write(tmp_path / "c.conll", "-DOCSTART- O\n\nin O\nYork B-LOC\n\nNew York\tO\n的\tO\n")
    assert list(read_passages([text, lines, columns])) == [
        Passage("One line."),
        Passage("two"),
        Passage("a b"),
        Passage("北京 is", ["北", "京", "is"]),
        Passage("in York", ["in", "York"]),
        Passage("New York 的", ["New York", "的"]),
    ]
    assert [each.text for each in read_passages([columns], "text")][:2] == ["-DOCSTART- O", "in O"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"text": "a"}\n{"text": 3}\n', ":2: 'text' must be a string or a list of words, not 3"),
        ("a.jsonl", '{"txt": "a"}\n', ":1: there is no 'text'; did you mean 'txt'? the object has the keys 'txt'"),
        ("a.jsonl", '{"text": ["a", 1]}\n', ":1: 'text' has an item that is no word"),
        ("a.jsonl", "{\n", ":1: no JSON: Expecting property name enclosed in double quotes at column"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(DataError) as error:
        list(read_passages([path]))
    assert str(error.value).startswith(f"{path}{message}")


def test_what_is_no_text_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("fine\ncaf\xe9\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"a.txt:2: the byte 0xe9 is no text in the encoding utf-8"):
        list(read_passages([path]))
    assert [each.text for each in read_passages([path], encoding="latin-1")] == ["fine", "café"]


def test_files_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        check_files([str(tmp_path / "no.txt")])
    assert str(error.value) == f"{tmp_path / 'no.txt'}: there is no such file"
    with pytest.raises(DataError, match="this is a folder, not a file"):
        check_files([str(tmp_path)])
