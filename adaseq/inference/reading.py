"""The texts of an input file, one after the other: raw lines, JSON lines, rows of a table, or words in the first column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from adaseq.errors import AdaSeqError, DataError
from adaseq.inference.inputs import context_mask, refuse_surrogates
from adaseq.inference.line_decoding import BadRecord, decode
from adaseq.inference.tables import read_table

Report = Callable[[str, int], None]


def read_texts(
    lines: Iterable[bytes],
    source: str,
    file_format: str,
    on_error: Callable[[DataError], None] | None = None,
    prepare: Callable[[dict[str, Any]], Any] = lambda record: record,
    text_column: str | None = None,
) -> Iterator[Any]:
    """What a predictor takes, from the lines of a file, in constant memory.

    Args:
        lines: the lines of the file, undecoded.
        source: its name, for messages.
        file_format: `text`, one text per line; `jsonl`, one object per line with `text` or `tokens` (and `mask`, false for
            words that are context only), whose other keys are kept; `conll`, one word per line in the first column, sentences
            separated by blank lines; `csv` or `tsv`, a table whose first line names its columns, all of which are kept.
        on_error: is told of a record that cannot be read, which is then left out. By default it is raised.
        prepare: makes of a record what is wanted; an `AdaSeqError` of its means that the record cannot be read.
        text_column: the column of a table that holds the texts; by default `text`, or the only one.

    Yields:
        `{"text": …}` or `{"tokens": […]}`, prepared.

    Raises:
        DataError: a record cannot be read, or a table has no such column; names its line.
    """

    def report(message: str, number: int) -> None:
        error = DataError(message, source, number)
        if on_error is None:
            raise error
        on_error(error)

    if file_format in ("csv", "tsv"):
        records = read_table(lines, source, "\t" if file_format == "tsv" else ",", text_column, report)
    elif text_column is not None:
        raise AdaSeqError(f"text_column is for tables (csv, tsv); '{source}' is read as {file_format}")
    elif file_format == "conll":
        records = _read_conll(lines, report)
    else:
        records = _read_lines(lines, file_format, report)
    for number, record in records:
        try:
            prepared = prepare(record)
        except AdaSeqError as error:
            report(str(error), number)
            continue
        yield prepared


def _read_lines(lines: Iterable[bytes], file_format: str, report: Report) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        record = None
        try:
            text = decode(line, number)
            if file_format == "text":
                record = {"text": text}
            elif text.strip():
                record = _parse_json(text)
        except BadRecord as error:
            report(str(error), number)
        if record is not None:
            yield number, record


def _parse_json(text: str) -> dict[str, Any]:
    try:
        record = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise BadRecord(f"this line is not a JSON object: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise BadRecord("this line is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise BadRecord(f"this line cannot be read as JSON: {error}") from None
    if not isinstance(record, dict):
        raise BadRecord(f'a record is an object with "text" or "tokens"; received {text[:60]}')
    given = [key for key in ("text", "tokens") if key in record]
    if len(given) != 1:
        keys = ", ".join(map(repr, record)) or "no keys"
        raise BadRecord(f'a record has either "text" or "tokens"; this one has {keys}')
    value = record[given[0]]
    is_text = isinstance(value, str) and given[0] == "text"
    is_words = isinstance(value, list) and all(isinstance(word, str) for word in value)
    if not is_text and not is_words:
        expected = "a string" if given[0] == "text" else "a list of strings"
        raise BadRecord(f'"{given[0]}" must be {expected}; received {json.dumps(value, ensure_ascii=False)[:60]}')
    try:
        refuse_surrogates(value if isinstance(value, str) else "".join(value))
        if is_words:
            context_mask(value, record.get("mask"))
    except AdaSeqError as error:
        raise BadRecord(str(error)) from None
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise BadRecord(f"{name} is not JSON")


def _read_conll(lines: Iterable[bytes], report: Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """The sentences, each with the number of its first line."""
    words: list[str] = []
    is_bad = False
    first = 1
    document: dict[str, Any] = {}
    for number, line in enumerate(lines, 1):
        try:
            text = decode(line, number)
        except BadRecord as error:
            report(str(error), number)
            is_bad = True
            continue
        if text.strip() and not text.startswith("-DOCSTART-"):
            first = first if words else number
            # A word may itself be white space, so only the first separator counts.
            words.append(text.split("\t" if "\t" in text else " ", 1)[0] or " ")
        elif words or is_bad:
            if not is_bad:
                yield first, {"tokens": words, **document}
            words, is_bad = [], False
        if text.startswith("-DOCSTART-"):
            document = {"document": document.get("document", -1) + 1}
    if words and not is_bad:
        yield first, {"tokens": words, **document}
