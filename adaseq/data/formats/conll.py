"""CoNLL columns: one word per line with its tag, a blank line behind each sentence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.annotation import END_OF_SENTENCE
from adaseq.data.formats.columns import (
    DOCUMENT,
    WiderLines,
    check_delimiter,
    find_delimiter,
    is_between_sentences,
    name_of_delimiter,
)
from adaseq.data.formats.tagged import Sentence, TaggedFormat
from adaseq.data.tags import SchemeDetector
from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS


@FORMATS.register(Formats.CONLL)
class ConllFormat(TaggedFormat):
    """One word per line with its tag in another column; blank lines part sentences, `-DOCSTART-` lines documents.

    A `#` begins a word like any other character.

    Args:
        delimiter: what stands between the columns: tab, space, or any string; by default a tab where every line has one, a
            space where every line has exactly one, else any white space. With a tab, words may be or contain white space.
        token_column: the column of the words; the first is 0, the last -1.
        label_column: the column of the tags.
    """

    records = "blocks"
    words_have_lines = True

    def __init__(
        self,
        delimiter: str | None = None,
        token_column: int = 0,
        label_column: int = -1,
        encoding: str = "utf-8",
        source_scheme: str | None = None,
        strict: bool = False,
        partial_label: str | None = None,
    ) -> None:
        super().__init__(encoding, source_scheme, strict, partial_label)
        if token_column == label_column:
            raise AdaSeqError(f"token_column and label_column are both {token_column}; words and tags need two columns")
        self.delimiter = check_delimiter(delimiter)
        self.token_column = token_column
        self.label_column = label_column
        self._wider = WiderLines()

    def notes(self) -> dict[str, Any]:
        notes = super().notes()
        return {**notes, "warnings": [*notes["warnings"], *self._wider.warnings()]}

    def _survey(self, path: Path) -> tuple[str, bool]:
        self._delimiter: str | None = "\t" if self.delimiter is None else self.delimiter
        wider, self._wider = self._wider, WiderLines()  # lines are counted when they are read, not here
        try:
            return super()._survey(path)
        finally:
            self._wider = wider

    def _add_tags(self, path: Path, detector: SchemeDetector) -> None:
        """All tags of the file, quickly: the text behind the last delimiter of each line."""
        delimiter = self._delimiter
        if delimiter and self.label_column == -1:
            for lines in self._to_blank_lines(path):
                odd = [line for line in lines if delimiter not in line]
                text = "\n".join(lines)
                if END_OF_SENTENCE in text or DOCUMENT in text or not all(map(is_between_sentences, odd)):
                    break
                tags = [line.rpartition(delimiter)[2] for line in lines]
                if any(tag != tag.strip() for tag in {*tags}):
                    tags = [*map(str.strip, tags)]
                detector.add(tags[:-1])  # the last one stands for a blank line
            else:
                return
        detector.clear()
        if self.delimiter is None:
            self._delimiter = find_delimiter(self, path)
        super()._add_tags(path, detector)

    def _sentences(self, path: Path) -> Iterator[Sentence]:
        self._fields: dict[str, int] = {}
        self._width = 0
        first = 1  # the line of the file that `lines` begins with
        for lines in self._to_blank_lines(path):
            columns = self._columns(lines)
            blanks = columns[0] if columns else [*map(str.strip, lines)]
            start = 0
            while start < len(lines):
                end = blanks.index("", start)
                if end > start:
                    if columns:
                        tokens, tags = columns
                        yield Sentence(
                            first + start, tokens[start:end], tags[start:end], None, None, self._fields.copy()
                        )
                    else:
                        yield from self._between_blank_lines(path, first + start, lines[start:end])
                start = end + 1
            first += len(lines)

    def _to_blank_lines(self, path: Path) -> Iterator[list[str]]:
        """The lines of a file, many at a time, always up to a blank one; there is one more at the end of the file."""
        pending: list[str] = []
        for block in itertools.chain(self.blocks(path), [[""]]):
            last = next((i for i in range(len(block) - 1, -1, -1) if not block[i].strip()), -1)
            pending += block[: last + 1]
            if last >= 0:
                yield pending
                pending = []
            pending += block[last + 1 :]

    def _columns(self, lines: list[str]) -> tuple[list[str], list[str]] | None:
        """The words and tags of many lines, quickly, with an empty word and tag for each blank line.

        Args:
            lines: the lines.

        Returns:
            None where they do not all have the same number of columns, or where something else is special or wrong.
        """
        delimiter = self._delimiter
        width = next((line.count(delimiter) + 1 for line in lines if line), 1) if delimiter else 1
        if not delimiter or width == 1:
            return None
        token_column, label_column = (
            column % width if -width <= column < width else -1 for column in (self.token_column, self.label_column)
        )
        if width != (self._width or width) or -1 in (token_column, label_column) or token_column == label_column:
            return None
        blank = delimiter * (width - 1)
        text = "\n".join([line or blank for line in lines])
        if width == 2:  # as many delimiters as lines, and no line without one: each line has one; quicker than counting
            odd = text.count(delimiter) != len(lines) or [line for line in lines if line and delimiter not in line]
        else:
            odd = [line for line in lines if line and line.count(delimiter) != width - 1]
        if odd or DOCUMENT in text:
            return None
        cells = text.replace(delimiter, "\n").split("\n")
        tokens, tags = cells[token_column::width], cells[label_column::width]
        blanks = lines.count("") + lines.count(blank)
        if not tokens.count("") == blanks == tags.count("") or any(tag != tag.strip() for tag in {*tags}):
            return None
        self._width = width
        return tokens, tags

    def _between_blank_lines(self, path: Path, first: int, lines: list[str]) -> Iterator[Sentence]:
        """The sentence that some lines hold; several where the marks of documents part them.

        Args:
            path: the file.
            first: the number of the first of the lines.
            lines: the lines; none is blank.
        """
        rows = [line.split(self._delimiter) for line in lines]
        if {*map(len, rows)} == {self._width} and not any(line.startswith(DOCUMENT) for line in lines):
            columns = [*zip(*rows, strict=True)]
            tokens = columns[self.token_column]
            tags = [*map(str.strip, columns[self.label_column])]
            if "" not in tags and "" not in tokens:
                yield Sentence(first, [*tokens], tags, None, None, self._fields.copy())
                return
        start = 0
        for number, line in enumerate([*lines, ""]):
            if not is_between_sentences(line):
                continue
            if number > start:
                yield self._sentence(path, first + start, lines[start:number])
            start = number + 1
            if line.startswith(DOCUMENT):
                self._fields = {"document": self._fields.get("document", -1) + 1}

    def _sentence(self, path: Path, first: int, lines: list[str]) -> Sentence:
        """A sentence, checked line by line."""
        delimiter, token_column, label_column = self._delimiter, self.token_column, self.label_column
        rows = [line.split(delimiter) for line in lines]
        if {*map(len, rows)} != {self._width}:
            for number, line in enumerate(lines):
                if delimiter is None and len(rows[number]) == 1 and line[:2].isspace():
                    rows[number].insert(0, line[0])  # the word is white space
                self._width = self._check_width(path, first + number, len(rows[number]), self._width)
        tokens = [columns[token_column] for columns in rows]
        tags = [columns[label_column].strip() for columns in rows]
        for what, column in (("word", tokens), ("tag", tags)):
            if "" in column:
                raise DataError(f"the {what} is empty", path, first + column.index(""))
        return Sentence(first, tokens, tags, None, None, self._fields.copy())

    def _check_width(self, path: Path, line: int, width: int, usual: int) -> int:
        """The usual number of columns, given that of a line that has another one or is the first."""
        if width == usual:
            return usual
        if width == 1:
            between = name_of_delimiter(self._delimiter)
            raise DataError(f"one column; a word and a tag are needed, with {between} between them", path, line)
        for name, column in (("token_column", self.token_column), ("label_column", self.label_column)):
            if not -width <= column < width:
                raise DataError(f"there is no column {column}, the {name}: the line has {width} columns", path, line)
        if self.token_column % width == self.label_column % width:
            raise DataError(f"with {width} columns, token_column and label_column are the same one", path, line)
        if width < usual:
            raise DataError(f"{width} columns, where the lines before it have {usual}", path, line)
        if usual:
            self._wider.add(line, width, usual)
        return usual or width
