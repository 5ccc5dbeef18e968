"""JSON objects, one on each line or in a list that is the whole document, read one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.formats.base import Format, Layout
from adaseq.data.formats.json_lines import Record, read_records, shown
from adaseq.data.formats.table_rows import is_one_document
from adaseq.errors import DataError

_LEAST = 1 << 16  # characters to have at hand before an object is looked for
_SPACE = " \t\r\n"


class Row(Record):
    """An object in a list. Its line is its number in the list: a document often has but one line."""

    def error(self, message: str) -> DataError:
        """An error about this object."""
        return DataError(f"record {self.line} of the list: {message}", self.path, self.line)


def layout_of_json(reader: Format, path: Path) -> Layout:
    """How the objects of a file lie in it.

    Args:
        reader: reads the lines.
        path: the file.
    """
    return "document" if is_one_document(reader, path) else "lines"


def read_objects(reader: Format, path: Path) -> Iterator[Record]:
    """The objects of a file, whichever way they lie in it.

    Args:
        reader: reads the lines.
        path: the file.

    Raises:
        DataError: it is no JSON, or something else than objects.
    """
    return _Listed(reader, path).rows() if is_one_document(reader, path) else read_records(reader, path)


class _Listed:
    """The objects of a list, decoded one by one, with no more of the text at hand than that takes.

    Args:
        reader: reads the lines.
        path: the file.
    """

    def __init__(self, reader: Format, path: Path) -> None:
        self._path = path
        self._lines = reader.lines(path)
        self._decoder = json.JSONDecoder()
        self._text, self._place = "", 0
        self._line = 1  # that of the first character of the text
        self._is_whole = False
        self._least = _LEAST

    def rows(self) -> Iterator[Row]:
        """The objects."""
        first = self._peek()
        if first == "{":
            yield Row(self._path, 1, self._object(1))
        elif first == "[":
            yield from self._items()
        elif first:
            raise self._error("a list of objects is needed, or an object on each line")
        if self._peek():
            raise self._error(
                "there is something behind the end of the document; a list of objects is needed, or an object on each line"
            )

    def _items(self) -> Iterator[Row]:
        self._place += 1
        number = 0
        while self._peek() != "]":
            if number and not self._skip(","):
                raise self._error("a comma or the end of the list is needed")
            number += 1
            if self._peek() == "]":
                raise self._error("a comma before the end of the list")
            yield Row(self._path, number, self._object(number))
        self._place += 1

    def _skip(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._place += 1
        return True

    def _peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in _SPACE:
                self._place += 1
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._read():
                return ""

    def _object(self, number: int) -> dict[str, Any]:
        if self._peek() != "{":
            raise self._error(f"record {number} of the list: an object is needed")
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
                break
            except json.JSONDecodeError as error:
                if self._read():
                    continue
                self._place = error.pos
                raise self._error(f"no JSON: {error.msg}") from None
            except (ValueError, RecursionError) as error:
                raise self._error(f"this JSON cannot be read: {error}") from None
        try:
            # Half of a surrogate pair is no character; nothing that is written later could hold it.
            json.dumps(value, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError):
            raise self._error(
                "half of a surrogate pair in a string is no character, or the object is too deep"
            ) from None
        if not isinstance(value, dict):
            raise self._error(f"record {number} of the list: an object is needed, not {shown(value)}")
        self._place = end
        self._least = _LEAST
        return value

    def _read(self) -> bool:
        """Drop what was read and get more; false at the end of the file. What is at hand doubles while an object is not whole."""
        if self._is_whole:
            return False
        rest = self._text[self._place :]
        self._line += self._text.count("\n", 0, self._place)
        wanted = max(self._least, 2 * len(rest))
        parts, length = [rest], len(rest)
        for line in self._lines:
            parts.append(line)
            length += len(line)
            if length >= wanted:
                break
        else:
            self._is_whole = True
        self._text, self._place = "".join(parts), 0
        return len(parts) > 1

    def _error(self, message: str) -> DataError:
        return DataError(message, self._path, self._line + self._text.count("\n", 0, self._place))
