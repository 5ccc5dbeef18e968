"""The rows of tables: CSV, TSV, JSON, JSON Lines, Parquet and Arrow, each with its place in the file."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from adaseq.data.formats.base import Format, Layout
from adaseq.data.formats.columns import check_delimiter
from adaseq.data.formats.json_documents import layout_of_json, read_objects
from adaseq.data.formats.json_lines import Record
from adaseq.errors import AdaSeqError, DataError

Kind = Literal["csv", "tsv", "json", "jsonl", "parquet", "arrow"]

_ENDINGS = {f".{kind}": kind for kind in get_args(Kind)} | {".ndjson": "jsonl", ".feather": "arrow"}
_MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}
_HEAD = 4096
# Texts are longer than what Python takes for a cell; without any limit a quote that is never closed would fill the memory.
csv.field_size_limit(1 << 26)


def kind_of(path: Path) -> str:
    """What kind of table a file is: by its ending, or else by how it begins.

    Args:
        path: the file.
    """
    ending = _ENDINGS.get(path.suffix.lower())
    if ending is not None:
        return ending
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from error
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.lstrip()[:1] in (b"{", b"["):
        return "json"
    return "tsv" if b"\t" in head.partition(b"\n")[0] else "csv"


def layout_of_table(reader: Format, path: Path, has_header: bool = True, quote: str | None = None) -> Layout:
    """How the rows of a file lie in it.

    Args:
        reader: reads the lines.
        path: the file.
        has_header: as for `read_rows`.
        quote: as for `read_rows`.
    """
    kind = kind_of(path)
    if kind in ("json", "jsonl"):
        return layout_of_json(reader, path)
    if kind not in ("csv", "tsv"):
        return "file"
    if has_header:
        return "table"
    return "file" if quote_of(path, quote) else "lines"


def read_cell_options(delimiter: str | None, quote: str | None) -> tuple[str | None, str | None]:
    """What options of CSV and TSV mean.

    Args:
        delimiter: between the cells of a row: tab, space, or any character.
        quote: around cells; empty for none.

    Raises:
        AdaSeqError: one is no single character, or both are the same.
    """
    delimiter = check_delimiter(delimiter)
    for option, value, lengths in (("delimiter", delimiter, (1,)), ("quote", quote, (0, 1))):
        if value is not None and (len(value) not in lengths or value in ("\n", "\r")):
            raise AdaSeqError(f"dataset.{option} is {value!r}; it must be a single character, and no line break")
    if delimiter is not None and delimiter == quote:
        raise AdaSeqError(f"dataset.delimiter and dataset.quote are both {delimiter!r}; they must differ")
    return delimiter, quote


def read_rows(
    reader: Format, path: Path, delimiter: str | None = None, quote: str | None = None, has_header: bool = True
) -> tuple[dict[str, Any], Iterator[Record]]:
    """What a table says about its columns, and its rows, each a record with its line, or its number where there are no lines.

    Args:
        reader: reads the lines.
        path: the file.
        delimiter: between the cells of a row; by default a comma, in TSV files a tab.
        quote: around cells that hold delimiters or line breaks; by default `"`, in TSV files none.
        has_header: the first line of CSV or TSV names the columns; otherwise their names are "0", "1", and so on.

    Returns:
        The descriptions of the columns by name, as `datasets` writes them into Parquet and Arrow files, and the rows.

    Raises:
        DataError: it is malformed.
    """
    kind = kind_of(path)
    if kind in ("parquet", "arrow"):
        return _arrow_rows(path)
    if kind in ("json", "jsonl"):
        return {}, read_objects(reader, path, may_hold_list=True)
    usual = "\t" if kind == "tsv" else ","
    return {}, _cells(reader, path, delimiter or usual, quote_of(path, quote), has_header)


def quote_of(path: Path, quote: str | None) -> str:
    """What stands around cells of CSV or TSV; empty if nothing does.

    Args:
        path: the file.
        quote: as for `read_rows`.
    """
    return quote if quote is not None else "" if kind_of(path) == "tsv" else '"'


def _arrow_rows(path: Path) -> tuple[dict[str, Any], Iterator[Record]]:
    from adaseq.data.store.tables import read_table

    notes, rows = read_table(path)
    try:
        features = json.loads(notes["huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        features = {}
    records = (Record(path, number, row) for number, row in enumerate(rows, 1))
    return features if isinstance(features, dict) else {}, records


def _cells(reader: Format, path: Path, delimiter: str, quote: str, has_header: bool) -> Iterator[Record]:
    options: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    header: list[str] | None = None
    line = 1
    # Closed here: a generator that an error keeps alive would keep its file open.
    with contextlib.closing(reader.lines(path)) as text:
        rows = csv.reader(text, delimiter=delimiter, strict=True, **options)
        try:
            for cells in rows:
                first, line = line, rows.line_num + 1
                if not cells:
                    continue
                if header is None and not has_header:
                    header = [str(number) for number in range(len(cells))]
                elif header is None:
                    header = [cell.strip() for cell in cells]
                    if len(set(header)) < len(header) or "" in header:
                        raise DataError("the first line must name the columns, each by a name of its own", path, first)
                    continue
                if len(cells) != len(header):
                    raise DataError(
                        f"the row has {len(cells)} cells, and the first line {'names' if has_header else 'has'} {len(header)} columns",
                        path,
                        first,
                    )
                yield Record(path, first, dict(zip(header, cells, strict=True)))
        except csv.Error as error:
            reason = "a carriage return in a cell without quotes" if "new-line character" in str(error) else error
            raise DataError(f"no row of a table: {reason}", path, line) from None
