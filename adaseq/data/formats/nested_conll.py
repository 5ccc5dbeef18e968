"""CoNLL columns with several tags for each word, one column for each level of nested entities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from adaseq.data.annotation import END_OF_SENTENCE, annotate, find_reading
from adaseq.data.example import Example, Span
from adaseq.data.formats.base import Format
from adaseq.data.formats.columns import Rows, WiderLines, check_delimiter, find_delimiter, read_rows
from adaseq.data.tags import SchemeDetector, TagError
from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS
from adaseq.utils.tag_schemes import PLAIN, find_scheme


@FORMATS.register(Formats.NESTED_CONLL)
class NestedConllFormat(Format):
    """One word per line with a tag for each level of nested entities in a column of its own; blank lines part sentences.

    The spans of all levels together are the annotation; the same span on two levels counts once.

    Args:
        delimiter: what stands between the columns: tab, space, or any string; found out by default, as for conll.
        token_column: the column of the words; the first is 0, the last -1.
        label_columns: the columns of the tags; by default all but that of the words.
        source_scheme: how the tags are written, as for conll; found out from all columns together by default.
        strict: refuse tag sequences that the scheme does not allow instead of reading them as the conlleval script does.
    """

    records = "blocks"

    def __init__(
        self,
        delimiter: str | None = None,
        token_column: int = 0,
        label_columns: Sequence[int] | None = None,
        encoding: str = "utf-8",
        source_scheme: str | None = None,
        strict: bool = False,
    ) -> None:
        super().__init__(encoding)
        self.delimiter = check_delimiter(delimiter)
        self.token_column = token_column
        self.label_columns = None if label_columns is None else list(label_columns)
        if self.label_columns is not None and (not self.label_columns or token_column in self.label_columns):
            raise AdaSeqError(
                f"label_columns is {self.label_columns}; it names the columns of the tags, without token_column, {token_column}"
            )
        self.source_scheme = None if source_scheme is None else find_scheme(source_scheme)
        self.strict = strict
        self._scheme: str | None = None
        self._warnings: list[str] = []
        self._wider = WiderLines()
        self._count = 0

    def notes(self) -> dict[str, Any]:
        warnings = [*self._warnings, *self._wider.warnings()]
        return {"scheme": self._scheme, "detected": self.source_scheme is None, "warnings": warnings}

    def _examples(self, path: Path) -> Iterator[Example]:
        delimiter = find_delimiter(self, path) if self.delimiter is None else self.delimiter
        scheme, type_x = self._survey(path, delimiter)
        for sentence in self._rows(path, delimiter, self._wider):
            tokens = self._tokens(path, sentence)
            levels, mask = self._levels(path, sentence, tokens, scheme, type_x)
            # Outer spans before the ones within them.
            found = dict.fromkeys(sorted(levels, key=lambda each: (each[0], -each[1])))
            spans: list[Span] = [{"start": start, "end": end, "type": kind} for start, end, kind in found]
            yield Example(
                str(self._count), tokens, spans, mask, origin=f"{path}:{sentence.line}", fields=dict(sentence.fields)
            )
            self._count += 1

    def _rows(self, path: Path, delimiter: str | None, wider: WiderLines | None = None) -> Iterator[Rows]:
        needed = [self.token_column, *(self.label_columns or ())]
        return read_rows(self, path, delimiter, max(2, *(n + 1 if n >= 0 else -n for n in needed)), wider)

    def _tokens(self, path: Path, sentence: Rows) -> list[str]:
        tokens = [row[self.token_column] for row in sentence.rows]
        if "" in tokens:
            raise DataError("the word is empty", path, sentence.line + tokens.index(""))
        return tokens

    def _columns(self, sentence: Rows) -> Iterator[tuple[int, list[str]]]:
        """The tags of each level with the number of their column."""
        width = min(map(len, sentence.rows))
        numbers = self.label_columns
        if numbers is None:
            numbers = [n for n in range(width) if n != self.token_column % width]
        for number in numbers:
            yield number, [row[number].strip() for row in sentence.rows]

    def _levels(
        self, path: Path, sentence: Rows, tokens: list[str], scheme: str, type_x: bool
    ) -> tuple[list[tuple[int, int, str]], list[bool] | None]:
        """The spans of all levels, and which words are labelled at all."""
        spans: list[tuple[int, int, str]] = []
        mask: list[bool] | None = None
        for number, tags in self._columns(sentence):
            try:
                found, level_mask = annotate(tokens, tags, scheme, None, type_x, self.strict)
            except TagError as error:
                line = sentence.line + (tags.index(error.tag) if error.index is None else error.index)
                raise DataError(f"column {number}: {error.reason}", path, line) from None
            spans += [(span["start"], span["end"], span["type"]) for span in found]
            if level_mask is not None:
                mask = level_mask if mask is None else [a and b for a, b in zip(mask, level_mask, strict=True)]
        if mask is not None:
            spans = [each for each in spans if all(mask[each[0] : each[1]])]
        return spans, mask

    def _survey(self, path: Path, delimiter: str | None) -> tuple[str, bool]:
        """The scheme of a file, and whether `X` is a label in it."""
        detector = SchemeDetector()
        for sentence in self._rows(path, delimiter):
            tokens = self._tokens(path, sentence)
            end = tokens.index(END_OF_SENTENCE) if END_OF_SENTENCE in tokens else len(tokens)
            for number, tags in self._columns(sentence):
                if "" in tags:
                    raise DataError(f"column {number}: the tag is empty", path, sentence.line + tags.index(""))
                detector.add(tags[:end])
        try:
            self._scheme, type_x, warnings = find_reading(detector, self.source_scheme)
        except TagError as error:
            raise self._error(error, path, delimiter) from None
        if self._scheme == PLAIN:
            raise DataError(
                "the tags have no prefix such as B- or I-; are the columns right? They are token_column and label_columns",
                path,
            )
        self._warnings += warnings
        return self._scheme, type_x

    def _error(self, error: TagError, path: Path, delimiter: str | None) -> DataError:
        for sentence in self._rows(path, delimiter):
            for number, tags in self._columns(sentence):
                if error.tag in tags:
                    return DataError(f"column {number}: {error.reason}", path, sentence.line + tags.index(error.tag))
        return DataError(error.reason, path)
