"""What the formats with one word per line and blank lines between sentences share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from adaseq.data.formats.base import Format
from adaseq.errors import AdaSeqError, DataError

_DELIMITERS = {"tab": "\t", "space": " ", "\\t": "\t"}
DOCUMENT = "-DOCSTART-"
"""A line that begins with it begins a document."""


class Rows(NamedTuple):
    """The lines of a sentence, each cut into its columns.

    Attributes:
        line: where the sentence begins.
        rows: the columns of each word.
        fields: the `fields` of the Example: the number of the document, where there are documents.
    """

    line: int
    rows: list[list[str]]
    fields: dict[str, int]


def check_delimiter(delimiter: str | None) -> str | None:
    """The delimiter that an option means.

    Args:
        delimiter: tab, space, or any string; None if it is to be found.
    """
    if delimiter == "":
        raise AdaSeqError("delimiter is empty; give tab, space or another string, or leave it out")
    return None if delimiter is None else _DELIMITERS.get(delimiter, delimiter)


def find_delimiter(reader: Format, path: Path) -> str | None:
    """What stands between the columns of a file: a tab where every line has one, a blank where every line has exactly one,
    else None, any white space.

    Args:
        reader: reads the lines.
        path: the file.
    """
    odd = (line for lines in reader.blocks(path) for line in lines if "\t" not in line)
    if all(is_between_sentences(line) for line in odd):
        return "\t"
    odd = (line for lines in reader.blocks(path) for line in lines if line.count(" ") != 1)
    return " " if all(is_between_sentences(line) for line in odd) else None


def name_of_delimiter(delimiter: str | None) -> str:
    """What a delimiter is called in messages.

    Args:
        delimiter: the delimiter; None for any white space.
    """
    return {None: "white space", "\t": "a tab", " ": "a space"}.get(delimiter, repr(delimiter))


class WiderLines:
    """Counts lines that have more columns than those before them: what is in these is not read."""

    def __init__(self) -> None:
        self._count, self._first = 0, ""

    def add(self, line: int, width: int, usual: int) -> None:
        """Note a line.

        Args:
            line: its number.
            width: how many columns it has.
            usual: how many those before it have.
        """
        self._count += 1
        self._first = self._first or f"line {line} has {width} columns, those before it {usual}"

    def warnings(self) -> list[str]:
        """What there is to say about them."""
        if not self._count:
            return []
        more = f" (and {self._count - 1} more)" if self._count > 1 else ""
        return [f"{self._first}; a word with a space in it?{more}"]


def is_between_sentences(line: str) -> bool:
    """Whether a line parts sentences.

    Args:
        line: the line without its end.
    """
    return not line or line.isspace() or line.startswith(DOCUMENT)


def read_rows(
    reader: Format, path: Path, delimiter: str | None, least: int, wider: WiderLines | None = None
) -> Iterator[Rows]:
    """The sentences of a file, each word with all its columns.

    Args:
        reader: reads the lines.
        path: the file.
        delimiter: what stands between columns; None for any white space.
        least: how many columns a line needs.
        wider: is told about lines with more columns than those before them.

    Raises:
        DataError: a line has too few columns, or fewer than those before it.
    """
    fields: dict[str, int] = {}
    rows: list[list[str]] = []
    first, width = 1, 0
    for number, line in enumerate(itertools.chain.from_iterable(reader.blocks(path)), 1):
        if not is_between_sentences(line):
            columns = line.split(delimiter)
            if delimiter is None and line[:2].isspace() and len(columns) == (width or least) - 1:
                columns.insert(0, line[0])  # the word is white space
            if len(columns) < max(least, width):
                between = name_of_delimiter(delimiter)
                usual = f"the lines before it have {width}" if width > least else f"{least} at least are needed"
                raise DataError(f"{len(columns)} columns, parted by {between}, where {usual}", path, number)
            width = width or len(columns)
            if wider is not None and len(columns) > width:
                wider.add(number, len(columns), width)
            rows.append(columns)
            continue
        if rows:
            yield Rows(first, rows, dict(fields))
            rows = []
        first = number + 1
        if line.startswith(DOCUMENT):
            fields = {"document": fields.get("document", -1) + 1}
    if rows:
        yield Rows(first, rows, dict(fields))
