"""Tables with a sentence or text per row, as most data sets on hubs are."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from adaseq.data.example import Example
from adaseq.data.formats.base import Layout
from adaseq.data.formats.class_names import class_names_in
from adaseq.data.formats.json_lines import Record
from adaseq.data.formats.table_cells import Cells
from adaseq.data.formats.table_columns import Role, check_roles, columns_and_rows
from adaseq.data.formats.table_rows import layout_of_table, read_cell_options, read_rows
from adaseq.data.formats.tagged import Sentence, TaggedFormat
from adaseq.errors import DataError
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS


@FORMATS.register(Formats.TABLE)
class TableFormat(TaggedFormat):
    """A table (CSV, TSV, JSON, Parquet, Arrow) with a row for each text: its words and their tags, spans, or its label.

    Args:
        columns: which column is what: `{tokens: words, tags: ner_tags}`. Known are id, tokens or text, tags, spans, mask,
            label, pair, subject and object; by default columns with usual names are taken.
        names: for columns of numbers what the numbers mean: `{ner_tags: [O, B-PER, I-PER]}`; by default as the file, or
            the card of the data set, says.
        ignored_types: types whose spans are left out.
        text_splitter: how a text becomes words: char, word or blank.
        delimiter: between the cells of a row of CSV or TSV; by default a comma, in TSV files a tab.
        quote: around cells of CSV or TSV that hold delimiters or line breaks; by default `"`, in TSV files none.
        is_end_included: the end of a span is its last word or character, not the one behind it.
    """

    def __init__(
        self,
        encoding: str = "utf-8",
        source_scheme: str | None = None,
        strict: bool = False,
        partial_label: str | None = None,
        columns: Mapping[str, str] | None = None,
        names: Mapping[str, Sequence[str]] | None = None,
        ignored_types: Sequence[str] = (),
        text_splitter: Literal["char", "word", "blank"] = "word",
        delimiter: str | None = None,
        quote: str | None = None,
        is_end_included: bool = False,
    ) -> None:
        super().__init__(encoding, source_scheme, strict, partial_label)
        self.columns = dict(columns or {})
        self.names = {column: list(each) for column, each in (names or {}).items()}
        self.ignored_types = frozenset(ignored_types)
        self.delimiter, self.quote = read_cell_options(delimiter, quote)
        self._cells = Cells(text_splitter, is_end_included)
        check_roles(self.columns)

    def notes(self) -> dict[str, Any]:
        notes = super().notes()
        return {**notes, "warnings": [*notes["warnings"], *self._cells.warnings()]}

    def layout(self, path: Path) -> Layout:
        return layout_of_table(self, path)

    def has_tags(self, path: Path) -> bool:
        """Whether a table has a tag for each word.

        Args:
            path: the file.
        """
        columns, _, rows = self._open(path)
        rows.close()
        return "tags" in columns

    def _examples(self, path: Path) -> Iterator[Example]:
        columns, names, rows = self._open(path)
        if "tags" in columns:
            rows.close()
            examples = super()._examples(path)
        else:
            self._scheme = None
            examples = (self._example(record, columns, names) for record in rows)
        for example in examples:
            example.id = example.fields.pop("id", example.id)
            _leave_out(example, example.fields.pop("mask", None))
            if self.ignored_types:
                example.spans = [span for span in example.spans if span["type"] not in self.ignored_types]
            yield example

    def _open(self, path: Path) -> tuple[dict[Role, str], dict[str, list[str]], Generator[Record, None, None]]:
        """Which column is what, what the numbers in them mean, and the rows."""
        features, records = read_rows(self, path, self.delimiter, self.quote)
        columns, rows = columns_and_rows(self.columns, records)
        if not columns:
            raise DataError("there is no row in this table", path)
        names: dict[str, list[str]] = {}
        for column in columns.values():
            found = self.names.get(column) or class_names_in(features.get(column))
            if found:
                names[column] = found
        return columns, names, rows

    def _sentences(self, path: Path) -> Iterator[Sentence]:
        columns, names, rows = self._open(path)
        for record in rows:
            words = self._cells.words(record, columns)
            tags = self._cells.tags(record, columns["tags"], names.get(columns["tags"]))
            if len(tags) != len(words.tokens):
                raise record.error(f"{len(words.tokens)} words and {len(tags)} tags; each word needs one")
            fields = self._cells.fields(record, columns, words, names)
            yield Sentence(record.line, words.tokens, tags, words.text, words.offsets, fields)

    def _example(self, record: Record, columns: Mapping[Role, str], names: Mapping[str, list[str]]) -> Example:
        words = self._cells.words(record, columns)
        spans = self._cells.spans(record, columns["spans"], words, names) if "spans" in columns else []
        fields = self._cells.fields(record, columns, words, names)
        self._count += 1
        origin = f"{record.path}:{record.line}"
        return Example(str(self._count - 1), words.tokens, spans, None, words.text, words.offsets, origin, fields)


def _leave_out(example: Example, mask: list[bool] | None) -> None:
    """Make context of the words for which a mask is False; no span is in it."""
    if mask is None:
        return
    known = mask if example.mask is None else [a and b for a, b in zip(mask, example.mask, strict=True)]
    example.mask = known
    example.spans = [span for span in example.spans if all(known[span["start"] : span["end"]])]
