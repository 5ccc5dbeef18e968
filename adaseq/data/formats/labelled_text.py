"""Tables with a text and its label in each row, for text classification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.example import Example
from adaseq.data.formats.base import Format, Layout
from adaseq.data.formats.json_lines import Record, shown
from adaseq.data.formats.raw_text import SplitterName, TextCutter
from adaseq.data.formats.table_rows import layout_of_table, read_cell_options, read_rows
from adaseq.errors import AdaSeqError, nearest
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS

Column = str | int


@FORMATS.register(Formats.LABELLED_TEXT)
class LabelledTextFormat(Format):
    """A table (CSV, TSV, JSON, JSON Lines, Parquet) with a text, or two, and a label in each row.

    Columns are named, or numbered from 0 (-1 is the last) where the file has no line of names. Labels are taken as they are
    written, numbers too. A label that is a list means several labels; an empty one means that the text has none yet.

    Args:
        text_column: the column of the text.
        label_column: the column of the label; None if there is none.
        pair_column: the column of the second text of a pair; None if texts are single.
        has_header: the first line of CSV or TSV names the columns; by default if no column is given by its number.
        delimiter: between the cells of a row of CSV or TSV; by default a comma, in TSV files a tab.
        quote: around cells of CSV or TSV that hold delimiters or line breaks; by default `"`, in TSV files none.
        label_delimiter: stands between the labels of a text that has several, such as `|`.
        text_splitter: how a text becomes words: char, word or blank.
    """

    def __init__(
        self,
        text_column: str | int = "text",
        label_column: str | int | None = "label",
        pair_column: str | int | None = None,
        has_header: bool | None = None,
        delimiter: str | None = None,
        quote: str | None = None,
        label_delimiter: str | None = None,
        text_splitter: SplitterName = "word",
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(encoding)
        self.text_column = text_column
        self.label_column = label_column
        self.pair_column = pair_column
        given = [each for each in (text_column, label_column, pair_column) if each is not None]
        if len(set(given)) < len(given):
            raise AdaSeqError(
                f"text_column, label_column and pair_column must differ; received {', '.join(map(str, given))}"
            )
        is_numbered = any(isinstance(each, int) for each in given)
        self.has_header = not is_numbered if has_header is None else has_header
        self.delimiter, self.quote = read_cell_options(delimiter, quote)
        self.label_delimiter = label_delimiter
        self._cutter = TextCutter(text_splitter)
        self._count = 0

    def layout(self, path: Path) -> Layout:
        return layout_of_table(self, path, self.has_header, self.quote)

    def _examples(self, path: Path) -> Iterator[Example]:
        _, rows = read_rows(self, path, self.delimiter, self.quote, self.has_header)
        for record in rows:
            words = self._cutter.words(record, self._text(record, self.text_column))
            fields: dict[str, Any] = {}
            label = None if self.label_column is None else self._label(record)
            if label is not None:
                fields["label"] = label
            if self.pair_column is not None:
                pair = self._cutter.words(record, self._text(record, self.pair_column))
                fields.update(pair=pair.tokens, pair_text=pair.text)
            origin = f"{path}:{record.line}"
            yield Example(str(self._count), words.tokens, [], None, words.text, words.offsets, origin, fields)
            self._count += 1

    def _value(self, record: Record, column: Column) -> Any:
        names = list(record.values)
        if isinstance(column, int):
            if not -len(names) <= column < len(names):
                raise record.error(f"there is no column {column}; the row has {len(names)} columns, numbered from 0")
            return record.values[names[column]]
        if column not in record.values:
            raise record.error(
                f"there is no column '{column}'{nearest(column, names) or ';'} there are {', '.join(names)}. Name it with "
                "text_column, label_column or pair_column"
            )
        return record.values[column]

    def _text(self, record: Record, column: Column) -> str:
        text = self._value(record, column)
        if not isinstance(text, str):
            raise record.error(f"column '{column}' must be text, not {shown(text)}")
        return text

    def _label(self, record: Record) -> str | list[str] | None:
        value = self._value(record, self.label_column)  # type: ignore[arg-type]
        if isinstance(value, str) and self.label_delimiter:
            value = [part.strip() for part in value.split(self.label_delimiter) if part.strip()]
        if isinstance(value, list):
            return list(dict.fromkeys(self._one_label(record, each) for each in value))
        return None if value is None or value == "" else self._one_label(record, value)

    def _one_label(self, record: Record, value: Any) -> str:
        if isinstance(value, str) and value.strip():
            return value.strip()
        if not isinstance(value, (bool, int, float)):
            raise record.error(f"column '{self.label_column}' has the value {shown(value)}, which is no label")
        return json.dumps(value)
