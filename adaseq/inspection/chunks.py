"""Files in parts of whole records, from which a malformed one can be taken out so that the others are read all the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from adaseq.data.formats.base import BYTE_ORDER_MARK, Layout

_LINES = 1000
_MOST_LINES = 50_000  # in a part of blocks, where no blank line comes
_ROWS = 500
_BLANK = "\n"
_BETWEEN = re.compile(r"[\s,]*")


class Chunk:
    """Some lines of a file, with the line of names in front where it is a table.

    Args:
        first: the line of the file that comes first.
        lines: the lines.
        is_separator: whether a line stands between records; None where each line is one.
        header: the line of names.
        quote: stands around cells, in which a record may go on over several lines; empty if there is no such sign.
    """

    counts_records = False
    """Numbers are those of records, not of lines."""

    def __init__(
        self,
        first: int,
        lines: list[str],
        is_separator: Callable[[str], bool] | None = None,
        header: Sequence[str] = (),
        quote: str = "",
    ) -> None:
        self._base = first - 1 - len(header)
        self._fixed = len(header)
        self._is_separator, self._quote = is_separator, quote
        self.lines = [*header, *lines]

    def number(self, line: int) -> int:
        """The line of the file for a line of the chunk, both counted from 1."""
        return line if line <= self._fixed else self._base + line

    def text(self, line: int) -> str:
        """A line of the chunk, counted from 1."""
        return self.lines[line - 1].strip() if line <= len(self.lines) else ""

    def drop(self, line: int, number_of_lines: int = 1) -> bool:
        """Take a record out, and those before it, which have been read; the numbers of the others stay.

        Args:
            line: a line of the record, counted from 1 in the chunk.
            number_of_lines: how many lines it is known to have.

        Returns:
            Whether anything is left to read, and anything was taken out.
        """
        end = max(line - 1 + number_of_lines, self._end_of_row(line))
        if self._is_separator is not None:
            while end < len(self.lines) and not self._is_separator(self.lines[end]):
                end += 1
        end = min(max(end, self._fixed), len(self.lines))
        if all(each == _BLANK for each in self.lines[self._fixed : end]):
            return False  # the fault is not in a record: it would be met again for ever
        self.lines[self._fixed : end] = [_BLANK] * (end - self._fixed)
        return end < len(self.lines)

    def _end_of_row(self, line: int) -> int:
        """The last line of a row that begins on a line; that line itself if a quotation mark is never closed."""
        is_open = False
        for number, text in enumerate(self.lines[line - 1 :] if self._quote else (), line):
            is_open ^= text.count(self._quote) % 2 == 1
            if not is_open:
                return number
        return line

    def blocks(self) -> Iterator[tuple[int, list[str]]]:
        """The records of a chunk of blocks: the line where each begins, counted from 1 in the chunk, and its lines."""
        assert self._is_separator is not None
        first, block = 1, []
        for number, line in enumerate(self.lines, 1):
            if not self._is_separator(line):
                block.append(line)
                continue
            if block:
                yield first, block
            first, block = number + 1, []
        if block:
            yield first, block

    def blank(self, line: int, number_of_lines: int) -> None:
        """Take single lines out."""
        self.lines[line - 1 : line - 1 + number_of_lines] = [_BLANK] * number_of_lines


class RowChunk(Chunk):
    """Some rows of a JSON document.

    Args:
        rows: the rows.
        numbers: for each the line where it begins, or its number where several begin on a line.
        counts_records: which of these.
    """

    def __init__(self, rows: Sequence[Any], numbers: Sequence[int], counts_records: bool) -> None:
        super().__init__(1, [])
        self._rows, self._numbers, self.counts_records = list(rows), list(numbers), counts_records
        self._write()

    def number(self, line: int) -> int:
        return self._numbers[line - 1]

    def drop(self, line: int, number_of_lines: int = 1) -> bool:
        del self._rows[:line], self._numbers[:line]
        self._write()
        return bool(self._rows)

    def text(self, line: int) -> str:
        return json.dumps(self._rows[line - 1], ensure_ascii=False)

    def again(self) -> RowChunk:
        """The same, with all rows that it has now."""
        return RowChunk(self._rows, self._numbers, self.counts_records)

    def _write(self) -> None:
        self.lines = [json.dumps(self._rows, ensure_ascii=False) + "\n"]


def chunks_of(
    lines: Iterable[str], layout: Layout, is_separator: Callable[[str], bool], quote: str = ""
) -> Iterator[Chunk]:
    """A file in parts.

    Args:
        lines: of the file.
        layout: how records lie in it: `lines`, `blocks` or `table`.
        is_separator: whether a line stands between blocks.
        quote: stands around the cells of a table; empty if nothing does.
    """
    header: list[str] = []
    first, part, is_quoted = 1, [], False
    for number, line in enumerate(lines, 1):
        if layout == "table" and not header:
            if line.strip():
                header = [line]
            first = number + 1
            continue
        part.append(line)
        if quote:
            is_quoted ^= line.count(quote) % 2 == 1
        if len(part) < _LINES:
            continue
        if layout == "blocks" and not is_separator(line) and len(part) < _MOST_LINES:
            continue
        if is_quoted and len(part) < _MOST_LINES:
            continue
        yield Chunk(first, part, is_separator if layout == "blocks" else None, header, quote)
        first, part, is_quoted = number + 1, [], False
    if part or header:
        yield Chunk(first, part, is_separator if layout == "blocks" else None, header, quote)


def row_chunks(path: Path, encoding: str) -> Iterator[RowChunk] | None:
    """The rows of a JSON document in parts: of a list, or of an object that holds one list; None if it is neither.

    Args:
        path: the file.
        encoding: of it.
    """
    try:
        text = path.read_text(encoding=encoding, errors="replace").removeprefix(BYTE_ORDER_MARK)
        content = json.loads(text)
    except (ValueError, RecursionError, OSError):
        return None
    if isinstance(content, list):
        rows, numbers = content, _lines_of_rows(text)
    elif isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        if len(lists) != 1 or not all(isinstance(row, dict) for row in lists[0]):
            return None
        rows, numbers = lists[0], list(range(1, len(lists[0]) + 1))
    else:
        return None
    counts = numbers == list(range(1, len(rows) + 1))
    return (RowChunk(rows[i : i + _ROWS], numbers[i : i + _ROWS], counts) for i in range(0, len(rows), _ROWS))


def _lines_of_rows(text: str) -> list[int]:
    """The line on which each item of a list begins; if several begin on one, their numbers instead."""
    decoder = json.JSONDecoder()
    lines: list[int] = []
    line, seen, place = 1, 0, text.index("[") + 1
    while True:
        match = _BETWEEN.match(text, place)
        assert match is not None
        place = match.end()
        if text[place] == "]":
            break
        line += text.count("\n", seen, place)
        seen = place
        lines.append(line)
        _, place = decoder.raw_decode(text, place)
    return lines if len(set(lines)) == len(lines) else list(range(1, len(lines) + 1))
