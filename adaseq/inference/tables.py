"""Texts in a column of a CSV or TSV file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from adaseq.errors import DataError, nearest
from adaseq.inference.line_decoding import BadRecord, decode, parse_json

_CONTENT = ("text", "tokens")
# Between cells, in other tables.
_SEPARATORS = ";,\t|"
# What some tasks need beside the text, which is a list; for others these are columns as any.
_LISTS = ("mask", "subject", "object", "mentions", "spans", "pair")
# The longest cell. A quote that nobody closed must not gather the rest of a large file.
_MOST_CHARACTERS = 10_000_000


def read_table(
    lines: Iterable[bytes],
    source: str,
    delimiter: str,
    text_column: str | None,
    report: Callable[[str, int], None],
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a table, each with the number of its first line: `text`, and the other columns under their names. One beside
    the texts that is itself called `text` or `tokens` becomes `input_text` or `input_tokens`.

    Args:
        lines: of the file, undecoded.
        source: the name of the file, for messages.
        delimiter: between cells. A cell in double quotes may hold delimiters, line breaks, and quotes as two.
        text_column: the column that holds the texts; by default `text` (or `tokens`, JSON lists of words), or the only one.
        report: is told of a row that cannot be read.

    Raises:
        DataError: there is no such column, or there are two.
    """
    csv.field_size_limit(max(csv.field_size_limit(), _MOST_CHARACTERS))
    rows = _Rows(lines, delimiter)
    names: list[str] | None = None
    column = ""
    while True:
        try:
            row = rows.next()
        except StopIteration:
            return
        except BadRecord as error:
            if names is None:
                raise DataError(str(error), source, rows.first) from None
            report(str(error), rows.first)
            continue
        if not row:
            continue
        if names is None:
            names = [name.strip() for name in row]
            column = _find_column(names, text_column, source)
            continue
        try:
            yield rows.first, _record(names, row, column)
        except BadRecord as error:
            report(str(error), rows.first)


def input_name(name: str) -> str:
    """Another name for a column of the input, where its own one has a meaning."""
    return f"input_{name}"


class _Rows:
    """The rows of a file; one that cannot be read does not end it.

    Attributes:
        first: the number of the line in which the row begins that was read last.
    """

    def __init__(self, lines: Iterable[bytes], delimiter: str) -> None:
        self._lines = enumerate(lines, 1)
        self._last, self.first = 0, 1
        self._reader = csv.reader(self._decoded(), delimiter=delimiter, strict=True)
        self._failure: BadRecord | None = None

    def next(self) -> list[str]:
        """The next row.

        Raises:
            BadRecord: it cannot be read.
            StopIteration: there is none.
        """
        self.first, self._failure = self._last + 1, None
        try:
            row = next(self._reader)
        except csv.Error as error:
            raise BadRecord(f"this row is not in the format of the table: {error}") from None
        if self._failure is not None:
            raise self._failure
        return row

    def _decoded(self) -> Iterator[str]:
        for number, line in self._lines:
            self._last = number
            try:
                text = decode(line, number)
            except BadRecord as error:
                # An exception would end this generator, and with it the file.
                self._failure = error
                text = line.decode("utf-8", "replace").rstrip("\r\n")
            yield text + "\n"


def _find_column(names: list[str], wanted: str | None, source: str) -> str:
    known = [name for name in _CONTENT if name in names]
    if wanted is None and len(names) == 1 and any(each in names[0] for each in _SEPARATORS):
        raise DataError(
            f"the table has the one column {names[0]!r}, as if its cells were separated otherwise: csv has commas between them, "
            "tsv has tabs. If it is one column, say --text_column NAME",
            source,
            1,
        )
    if wanted is None and (len(known) == 1 or len(names) == 1):
        wanted = (known or names)[0]
    if wanted in names:
        if names.count(wanted) > 1:
            raise DataError(
                f"the table has {names.count(wanted)} columns '{wanted}'; give them names of their own", source, 1
            )
        return wanted
    listed = ", ".join(map(repr, names[:20]))
    what = f"no column '{wanted}'{nearest(wanted, names) or '.'}" if wanted else "no one column 'text'."
    raise DataError(f"the table has {what} Its columns are {listed}; say --text_column NAME", source, 1)


def _record(names: list[str], row: list[str], column: str) -> dict[str, Any]:
    if len(row) != len(names):
        raise BadRecord(f"this row has {len(row)} cells; the first line names {len(names)} columns")
    cells: dict[str, Any] = dict(zip(names, row, strict=True))
    content: Any = cells.pop(column)
    cells.update({name: _list_in(cells[name]) for name in _LISTS if name in cells})
    # Beside a column of another name that holds the texts, these would be taken for the texts themselves.
    cells = {input_name(name) if name in _CONTENT else name: cell for name, cell in cells.items()}
    if column != "tokens":
        return {**cells, "text": content}
    words = _list_in(content)
    if not isinstance(words, list):
        raise BadRecord(f"the column 'tokens' holds JSON lists of words; received {content[:60]}")
    return {**cells, "tokens": words}


def _list_in(cell: str) -> Any:
    """The list that a cell holds as JSON; the cell as it is if it holds none, and None if it is empty."""
    if not cell:
        return None
    try:
        value = parse_json(cell)
    except BadRecord:
        return cell
    return value if isinstance(value, list) else cell
