"""JSON objects, one on each line or in a list that is the whole document, read one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.formats.base import Format, Layout
from adaseq.data.formats.json_lines import Record, read_records, shown
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


def is_one_document(reader: Format, path: Path) -> bool:
    """Whether a JSON file is one document, a list or an object over several lines, and not an object on each line.

    Args:
        reader: reads the lines.
        path: the file.
    """
    first = next((text for line in reader.lines(path) if (text := line.strip())), "")
    return first == "{" or first.startswith("[")


def read_objects(reader: Format, path: Path, may_hold_list: bool = False) -> Iterator[Record]:
    """The objects of a file, whichever way they lie in it.

    Args:
        reader: reads the lines.
        path: the file.
        may_hold_list: a document that is an object holds the list, and is not the only object itself.

    Raises:
        DataError: it is no JSON, or something else than objects.
    """
    if not is_one_document(reader, path):
        return read_records(reader, path)
    return _Listed(reader, path, may_hold_list).rows()


class _Listed:
    """The objects of a list, decoded one by one, with no more of the text at hand than that takes.

    Args:
        reader: reads the lines.
        path: the file.
        may_hold_list: see `read_objects`.
    """

    def __init__(self, reader: Format, path: Path, may_hold_list: bool) -> None:
        self._path, self._may_hold_list = path, may_hold_list
        self._lines = reader.lines(path)
        self._decoder = json.JSONDecoder()
        self._text, self._place = "", 0
        self._line, self._column = 1, 1  # of the first character of the text
        self._is_whole = False
        self._least = _LEAST

    def rows(self) -> Iterator[Row]:
        """The objects."""
        first = self._peek()
        if first == "[":
            yield from self._items()
        elif first:
            value = self._object(1)
            yield from self._held(value) if self._may_hold_list else [Row(self._path, 1, value)]
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

    def _held(self, document: dict[str, Any]) -> Iterator[Row]:
        lists = [value for value in document.values() if isinstance(value, list)]
        if len(lists) != 1:
            raise DataError("a list of objects is needed, or an object that holds one list of them", self._path)
        for number, value in enumerate(lists[0], 1):
            if not isinstance(value, dict):
                raise DataError(_no_object(value, number), self._path)
            yield Row(self._path, number, value)

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
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
                break
            except json.JSONDecodeError as error:
                if self._read():
                    continue
                self._place = error.pos
                raise self._error(f"no JSON: {error.msg} at column {self._where()[1]}") from None
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
            raise self._error(_no_object(value, number))
        self._place = end
        self._least = _LEAST
        return value

    def _read(self) -> bool:
        """Drop what was read and get more; false at the end of the file. What is at hand doubles while an object is not whole."""
        if self._is_whole:
            return False
        rest = self._text[self._place :]
        self._line, self._column = self._where()
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

    def _where(self) -> tuple[int, int]:
        """Line and column of the place."""
        newline = self._text.rfind("\n", 0, self._place)
        column = self._place - newline if newline >= 0 else self._column + self._place
        return self._line + self._text.count("\n", 0, self._place), column

    def _error(self, message: str) -> DataError:
        return DataError(message, self._path, self._where()[0])


def _no_object(value: Any, number: int) -> str:
    return f"record {number} of the list: an object is needed, not {shown(value)}"
