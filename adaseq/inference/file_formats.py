"""Which format a file has, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_BOTH = {
    "jsonl": (".jsonl", ".json", ".ndjson"),
    "conll": (".conll", ".bio", ".bioes", ".bmes", ".iob", ".iob2", ".col"),
    "csv": (".csv",),
    "tsv": (".tsv",),
}
INPUTS = {**_BOTH, "conllu": (".conllu",)}
"""The suffixes of each input format; everything else is raw text."""
OUTPUTS = {**_BOTH, "html": (".html", ".htm")}
"""The suffixes of each output format."""


def format_of(path: str | Path | None, suffixes: Mapping[str, tuple[str, ...]]) -> str | None:
    """The format that a file's suffix stands for; None if none.

    Args:
        path: the file; None for standard input or output.
        suffixes: those of each format.
    """
    suffix = Path(path).suffix.lower() if path else ""
    return next((name for name, each in suffixes.items() if suffix in each), None)
