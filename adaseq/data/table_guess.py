"""Which columns of a table are the text and its label?"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_TEXTS = ("text", "sentence", "content", "review", "question", "title", "description")
_LABELS = ("label", "labels", "class", "category", "sentiment", "target")
_MOST = 0.5  # of the rows, at least, have as many cells as the first one; reading names those that have not
_FEW = 0.5  # of the rows, at most, have a label of their own


def labelled_columns(path: Path, encoding: str) -> Iterator[dict[str, Any]]:
    """Options of the format for labelled text that may fit a file, the likeliest first; none if it is no table.

    Args:
        path: the file.
        encoding: its encoding.
    """
    for delimiter in ("\t", ","):
        try:
            with path.open(encoding=encoding, newline="") as file:
                if delimiter == "\t":
                    lines = csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
                else:
                    lines = csv.reader(file, delimiter=delimiter, strict=True)
                rows = [row for row in lines if row]
        except (csv.Error, UnicodeError, OSError):
            continue
        width = len(rows[0]) if rows else 0
        count, rows = len(rows), [row for row in rows if len(row) == width]
        if count < 2 or width < 2 or len(rows) < _MOST * count:
            continue
        usual = ".tsv" if delimiter == "\t" else ".csv"
        is_named = path.suffix.lower() in (".tsv", ".csv")
        more = {} if path.suffix.lower() == usual or not is_named else {"delimiter": delimiter}
        yield from ({**each, **more} for each in _columns(rows))


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
    names = [cell.strip() for cell in rows[0]]
    lowered = [name.lower() for name in names]
    label = next((lowered.index(each) for each in _LABELS if each in lowered), None)
    text = next((lowered.index(each) for each in _TEXTS if each in lowered), None)
    has_header = label is not None or text is not None
    body = rows[1:] if has_header else rows
    text = _longest(body, label) if text is None else text
    label = _fewest(body, text) if label is None else label
    if label is None:
        return
    if not has_header:
        yield {"text_column": text, "label_column": label}
        return
    options = {"text_column": names[text], "label_column": names[label]}
    defaults = {"text_column": "text", "label_column": "label"}
    yield {key: value for key, value in options.items() if value != defaults[key]}


def _longest(rows: Sequence[Sequence[str]], label: int | None) -> int:
    """The column with the longest cells."""
    columns = [number for number in range(len(rows[0])) if number != label]
    return max(columns, key=lambda number: sum(len(row[number]) for row in rows))


def _fewest(rows: Sequence[Sequence[str]], text: int) -> int | None:
    """The column with the fewest different cells, but not with one alone; None if none has few."""
    kinds = {number: len({row[number] for row in rows}) for number in range(len(rows[0])) if number != text}
    several = {number: count for number, count in kinds.items() if count > 1}
    found = min(several, key=lambda number: several[number], default=None)
    return None if found is None or several[found] > max(_FEW * len(rows), 2) else found
