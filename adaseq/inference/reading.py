"""The texts of an input file, one after the other: raw lines, JSON lines, rows of a table, or words in the first column."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from adaseq.errors import AdaSeqError, DataError
from adaseq.inference.line_decoding import BadRecord, decode, parse_json
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
            separated by blank lines; `conllu`, the same with the word in the second column, and with comments; `csv` or `tsv`, a
            table whose first line names its columns, all of which are kept.
        on_error: is told of a record that cannot be read, which is then left out. By default it is raised.
        prepare: makes of a record what is wanted; an `AdaSeqError` of its means that the record cannot be read. By default
            the record is taken as it is, and not looked at.
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
        records = _read_conll(enumerate(lines, 1), report)
    elif file_format == "conllu":
        records = _read_conll(_words_of_conllu(enumerate(lines, 1)), report)
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
        try:
            text = decode(line, number)
            if file_format == "text":
                record: Any = {"text": text}
            elif text.strip():
                record = parse_json(text)
                if not isinstance(record, dict):
                    raise BadRecord(f'a record is an object with "text" or "tokens"; received {text[:60]}')
            else:
                continue
        except BadRecord as error:
            report(str(error), number)
            continue
        yield number, record


def _words_of_conllu(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The same with words in the first column: no comments, no ranges of words (`3-4`), no empty nodes (`5.1`)."""
    for number, line in lines:
        columns = line.removeprefix(BOM_UTF8).split(b"\t")
        if columns[0].startswith(b"# newdoc"):
            yield number, b"-DOCSTART-"
        elif columns[0][:1] != b"#" and b"-" not in columns[0] and b"." not in columns[0]:
            yield number, columns[1] + b"\t" if len(columns) > 1 else line


def _read_conll(lines: Iterable[tuple[int, bytes]], report: Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """The sentences, each with the number of its first line."""
    words: list[str] = []
    is_bad = False
    first = 1
    document: dict[str, Any] = {}
    for number, line in lines:
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
