"""The columns of CoNLL files, by what most lines have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from adaseq.data.formats.columns import is_between_sentences
from adaseq.inspection.chunks import Chunk
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.text import shown

_MOST = 0.9  # of the lines, for a delimiter that a few have not


class Columns(NamedTuple):
    """How the lines of a file are parted.

    Attributes:
        delimiter: what stands between columns; None for any white space.
        width: how many columns most lines have.
        first_width: how many the first line has: readers expect as many in all others.
        from_end: of so many at the end the reader counts from the end.
    """

    delimiter: str | None
    width: int
    first_width: int
    from_end: int

    @classmethod
    def survey(cls, reader: Any, lines: Iterable[str]) -> Columns:
        """Look at all lines of a file.

        Args:
            reader: of a format in columns; its options.
            lines: of the file.
        """
        given = reader.delimiter
        total, tabs, blanks = 0, 0, 0
        widths: dict[str | None, Counter[int]] = {None: Counter(), "\t": Counter(), " ": Counter()}
        widths.setdefault(given, Counter())
        first = ""
        for line in lines:
            if is_between_sentences(line):
                continue
            line = line.rstrip("\r\n")
            first = first or line
            total += 1
            tabs += "\t" in line
            blanks += line.count(" ") == 1
            for delimiter, counter in widths.items():
                counter[_width(line, delimiter)] += 1
        delimiter = given
        if delimiter is None and total:
            delimiter = "\t" if tabs >= _MOST * total else " " if blanks == total else None
        wide = {width: n for width, n in widths[delimiter].items() if width > 1}
        width = max(wide, key=lambda each: (wide[each], -each)) if wide else 2
        chosen = [
            reader.token_column,
            getattr(reader, "label_column", 0),
            *(getattr(reader, "label_columns", ()) or ()),
        ]
        return cls(delimiter, width, _width(first, delimiter), max(0, *(-column for column in chosen)))

    def check(self, chunk: Chunk, file: str, findings: Findings | None) -> None:
        """Report the sentences of a chunk that have lines with other columns, and take them out.

        Args:
            chunk: a part of the file.
            file: its name.
            findings: is told; None to take out in silence.
        """
        for first, block in list(chunk.blocks()):
            widths = [_width(line.rstrip("\r\n"), self.delimiter) for line in block]
            odd = [number for number, width in enumerate(widths) if width != self.width]
            for number in odd if findings is not None else ():
                width = widths[number]
                code = "unreadable-record" if self._is_refused(width) else "odd-columns"
                text = shown(block[number].rstrip("\r\n"))
                place = Place(file, chunk.number(first + number), self._explain(width), text, self._fix(width))
                findings.add(code, place)  # type: ignore[union-attr]
            if any(self._is_refused(widths[number]) for number in odd):
                chunk.blank(first, len(block))
                continue
            for number in odd:
                chunk.lines[first - 1 + number] = self._narrowed(block[number])

    def _is_refused(self, width: int) -> bool:
        return width < self.width or (width > self.width and self.first_width > self.width)

    def _narrowed(self, line: str) -> str:
        """A line without the columns that others have not; those that are counted from the end stay."""
        columns = line.rstrip("\r\n").split(self.delimiter)
        kept = [*columns[: self.width - self.from_end], *columns[len(columns) - self.from_end :]]
        return (self.delimiter or " ").join(kept) + "\n"

    def _explain(self, width: int) -> str:
        between = {None: "white space", "\t": "tabs", " ": "spaces"}.get(self.delimiter, repr(self.delimiter))
        end = "; its sentence was left out" if self._is_refused(width) else ""
        return f"{width} column{'s' * (width != 1)} parted by {between}, where most lines have {self.width}{end}"

    def _fix(self, width: int) -> str:
        if width == 1:
            between = {None: "a space", "\t": "a tab", " ": "a space"}.get(self.delimiter, repr(self.delimiter))
            return f"write a word and its tag, with {between} between them"
        return "is there a space in the word?" if width > self.width and self.delimiter != "\t" else ""


def _width(line: str, delimiter: str | None) -> int:
    width = len(line.split(delimiter))
    return 2 if delimiter is None and width == 1 and line[:2].isspace() else width
