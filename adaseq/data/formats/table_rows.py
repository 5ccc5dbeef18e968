"""The rows of tables: CSV, TSV, JSON, JSON Lines, Parquet and Arrow, each with its place in the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from adaseq.data.formats.base import Format
from adaseq.data.formats.json_lines import Record, read_records, shown
from adaseq.errors import DataError

Kind = Literal["csv", "tsv", "json", "jsonl", "parquet", "arrow"]

_ENDINGS = {f".{kind}": kind for kind in get_args(Kind)} | {".ndjson": "jsonl", ".feather": "arrow"}
_MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}
_HEAD = 4096


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
        return {}, _json_rows(reader, path)
    tabs = kind == "tsv"
    return {}, _cells(
        reader,
        path,
        delimiter or ("\t" if tabs else ","),
        quote if quote is not None else "" if tabs else '"',
        has_header,
    )


def _arrow_rows(path: Path) -> tuple[dict[str, Any], Iterator[Record]]:
    from adaseq.data.store.tables import read_table

    notes, rows = read_table(path)
    try:
        features = json.loads(notes["huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        features = {}
    records = (Record(path, number, row) for number, row in enumerate(rows, 1))
    return features if isinstance(features, dict) else {}, records


def _json_rows(reader: Format, path: Path) -> Iterator[Record]:
    """JSON Lines, or one JSON document: a list of rows, or an object that holds such a list."""
    if is_one_document(reader, path):
        return _document_rows(reader, path)
    return read_records(reader, path)


def is_one_document(reader: Format, path: Path) -> bool:
    """Whether a JSON file is one document, a list or an object over several lines, and not an object on each line.

    Args:
        reader: reads the lines.
        path: the file.
    """
    for line in reader.lines(path):
        if line.isspace():
            continue
        try:
            return not isinstance(json.loads(line), dict)
        except ValueError:
            # The first line of JSON Lines is whole; a broken one is told from the first line of a document by what it is.
            return line.strip() in ("{", "[") or line.lstrip().startswith("[")
        except RecursionError:
            return False
    return False


def _document_rows(reader: Format, path: Path) -> Iterator[Record]:
    try:
        content = json.loads("".join(reader.lines(path)))
    except json.JSONDecodeError as error:
        raise DataError(f"no JSON: {error.msg} at column {error.colno}", path, error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"this JSON cannot be read: {error}", path) from None
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if len(lists) == 1 else None
    if not isinstance(content, list):
        raise DataError("a list of objects is needed, or an object that holds one list of them", path)
    for number, row in enumerate(content, 1):
        if not isinstance(row, dict):
            raise DataError(f"row {number}: an object is needed, not {shown(row)}", path)
        yield Record(path, number, row)


def _cells(reader: Format, path: Path, delimiter: str, quote: str, has_header: bool) -> Iterator[Record]:
    options: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    rows = csv.reader(reader.lines(path), delimiter=delimiter, strict=True, **options)
    header: list[str] | None = None
    line = 1
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
        raise DataError(f"no row of a table: {error}", path, line) from None
