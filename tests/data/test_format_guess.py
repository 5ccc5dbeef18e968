"""Guessing the format of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adaseq.data.format_guess import guess_format
from adaseq.errors import DataError

CONLLU = "# text = Go\n1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n\n"


@pytest.mark.parametrize(
    ("content", "task", "expected"),
    [
        ("Anna B-PER\nruns O\n\n", "named-entity-recognition", {"data_type": "conll"}),
        ("Anna\tx\tB-PER\nruns\ty\tO\n\n", "named-entity-recognition", {"data_type": "conll"}),
        (CONLLU, "part-of-speech", {"data_type": "conllu"}),
        ("我 爱 北京\n你 好\n", "word-segmentation", {"data_type": "segmented"}),
        ("我 S\n北 B\n京 E\n\n", "word-segmentation", {"data_type": "conll"}),
        ('{"text": "ab", "spans": [{"start": 0, "end": 1, "type": "X"}]}\n', "chunking", {"data_type": "json_spans"}),
        (
            '{"text": "Ann Lee sings.", "spans": [{"start": 0, "end": 7, "type": "X"}]}\n',
            "named-entity-recognition",
            {"data_type": "table"},
        ),
        (
            '{"text": "Ann Lee sings .", "spans": [{"start": 0, "end": 2, "type": "X"}]}\n',
            "named-entity-recognition",
            {"data_type": "json_spans", "tokenizer": "blank"},
        ),
        (
            '{"text": "用 Python 写", "spans": [{"start": 2, "end": 8, "type": "X"}]}\n',
            "named-entity-recognition",
            {"data_type": "json_spans"},
        ),
        (
            '{"text": "Ann sings well.", "spans": [{"parts": [[0, 3]], "type": "X"}]}\n',
            "named-entity-recognition",
            {"data_type": "json_spans"},
        ),
        (
            '{"document": "d", "text": "Ann sings.", "spans": [{"start": 0, "end": 3, "type": "X"}]}\n',
            "named-entity-recognition",
            {"data_type": "json_spans"},
        ),
        (
            '{"text": "Ann sings.<EOS>She did.", "spans": [{"start": 0, "end": 3, "type": "X"}]}\n',
            "named-entity-recognition",
            {"data_type": "json_spans"},
        ),
        (
            '{"text": "Ann sings well.", "spans": [{"start": 0, "end": 3, "type": ["X", "Y"]}]}\n',
            "named-entity-recognition",
            {"data_type": "json_spans"},
        ),
        ('{"text": "ab", "labels": ["B-X", "O"]}\n', "chunking", {"data_type": "json_tags"}),
        (
            '{"text": "aa bb", "labels": ["B-X", "O"]}\n',
            "chunking",
            {"data_type": "json_tags", "tokenizer": "blank"},
        ),
        ('{"text": "ab", "label": {"X": {"a": [[0, 0]]}}}\n', "chunking", {"data_type": "cluener"}),
    ],
)
def test_formats(tmp_path: Path, content: str, task: str, expected: dict[str, Any]) -> None:
    path = tmp_path / "train.txt"
    path.write_text(content, encoding="utf-8")
    assert guess_format(path, task).section == expected


def test_only_the_beginning_of_a_large_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("a B-X\nb I-X\n\n" * 2000 + "malformed\n", encoding="utf-8")
    assert guess_format(path, "chunking").section == {"data_type": "conll"}


def test_when_nothing_fits_each_reason_is_given(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("only\nwords\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        guess_format(path, "chunking")
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: no format fits this file:"
    assert lines[1].startswith(f"  conll: {path}:1: one column;") and len(lines) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file or directory"):
        guess_format(tmp_path / "none", "chunking")


def test_the_encoding_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "data"
    for encoding, expected in (("utf-16", "utf-16"), ("gb18030", "gb18030"), ("latin-1", "latin-1")):
        text = "我 B-PER\n去 O\n\n" if encoding != "latin-1" else "café B-LOC\nis O\n\n"
        path.write_bytes((text * 1500).encode(encoding))
        assert guess_format(path, "named-entity-recognition").section == {"data_type": "conll", "encoding": expected}


def test_separators_in_a_text_end_no_line(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text('{"tokens": ["a\u2028", "b"], "relation": "r"}\n' * 3, encoding="utf-8")
    assert guess_format(path, "relation-extraction").section == {"data_type": "relation_json"}
    path.write_text('{"sentence": "a\u2028b", "class": "x"}\n' * 3, encoding="utf-8")
    assert guess_format(path, "text-classification").section == {
        "data_type": "labelled_text",
        "text_column": "sentence",
        "label_column": "class",
    }


def test_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,label\n" + "good,x\nbad,y\n" * 10 + "a,b,c\n", encoding="utf-8")
    with pytest.raises(
        DataError, match="labelled_text: .*:22: the row has 3 cells, and the first line names 2 columns"
    ):
        guess_format(path, "text-classification")
