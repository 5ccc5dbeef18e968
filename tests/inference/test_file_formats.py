"""The formats of files by their names."""

from __future__ import annotations

import pytest

from adaseq.inference.file_formats import INPUTS, OUTPUTS, format_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", None),
        (None, None),
        ("-", None),
        ("dir.json/a", None),
        ("a.JSONL", "jsonl"),
        ("a.json", "jsonl"),
        ("b.bmes", "conll"),
        ("b.conll", "conll"),
        ("c.csv", "csv"),
        ("c.TSV", "tsv"),
    ],
)
def test_the_suffix_says_the_format(name: str | None, expected: str | None) -> None:
    assert format_of(name, INPUTS) == format_of(name, OUTPUTS) == expected


def test_some_are_read_or_written_only() -> None:
    assert (format_of("a.conllu", INPUTS), format_of("a.conllu", OUTPUTS)) == ("conllu", None)
    assert (format_of("a.html", INPUTS), format_of("a.html", OUTPUTS)) == (None, "html")
