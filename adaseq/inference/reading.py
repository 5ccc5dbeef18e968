"""The texts of an input file, one after the other: raw lines, JSON lines, or words in the first column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from adaseq.errors import AdaSeqError, DataError
from adaseq.inference.inputs import context_mask, refuse_surrogates

FORMATS = ("text", "jsonl", "conll")
_BY_SUFFIX = {
    "jsonl": (".jsonl", ".json", ".ndjson"),
    "conll": (".conll", ".bio", ".bioes", ".bmes", ".iob", ".iob2", ".col"),
}


class _BadRecord(Exception):
    """A record that cannot be read; the message says why."""


def guess_format(path: str | Path | None) -> str:
    """The format that a file's suffix stands for; raw text if none."""
    suffix = Path(path).suffix.lower() if path else ""
    return next((name for name, suffixes in _BY_SUFFIX.items() if suffix in suffixes), "text")


def read_texts(
    lines: Iterable[bytes],
    source: str,
    file_format: str,
    on_error: Callable[[DataError], None] | None = None,
    prepare: Callable[[dict[str, Any]], Any] = lambda record: record,
) -> Iterator[Any]:
    """What a predictor takes, from the lines of a file, in constant memory.

    Args:
        lines: the lines of the file, undecoded.
        source: its name, for messages.
        file_format: `text`, one text per line; `jsonl`, one object per line with `text` or `tokens` (and `mask`, false for
            words that are context only), whose other keys are kept; `conll`, one word per line in the first column, sentences separated by blank lines.
        on_error: is told of a record that cannot be read, which is then left out. By default it is raised.
        prepare: makes of a record what is wanted; an `AdaSeqError` of its means that the record cannot be read.

    Yields:
        `{"text": …}` or `{"tokens": […]}`, prepared.

    Raises:
        DataError: a record cannot be read; names its line.
    """

    def report(message: str, number: int) -> None:
        error = DataError(message, source, number)
        if on_error is None:
            raise error
        on_error(error)

    records = _read_conll(lines, report) if file_format == "conll" else _read_lines(lines, file_format, report)
    for number, record in records:
        try:
            prepared = prepare(record)
        except AdaSeqError as error:
            report(str(error), number)
            continue
        yield prepared


def _read_lines(
    lines: Iterable[bytes], file_format: str, report: Callable[[str, int], None]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        record = None
        try:
            text = _decode(line, number)
            if file_format == "text":
                record = {"text": text}
            elif text.strip():
                record = _parse_json(text)
        except _BadRecord as error:
            report(str(error), number)
        if record is not None:
            yield number, record


def _decode(line: bytes, number: int) -> str:
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise _BadRecord(
            f"this line is not UTF-8 (byte {error.object[error.start]:#04x} at position {error.start + 1}); convert the file "
            "to UTF-8 first"
        ) from None
    return text.removeprefix("\ufeff") if number == 1 else text


def _parse_json(text: str) -> dict[str, Any]:
    try:
        record = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _BadRecord(f"this line is not a JSON object: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise _BadRecord("this line is nested too deeply") from None
    if not isinstance(record, dict):
        raise _BadRecord(f'a record is an object with "text" or "tokens"; received {text[:60]}')
    given = [key for key in ("text", "tokens") if key in record]
    if len(given) != 1:
        keys = ", ".join(map(repr, record)) or "no keys"
        raise _BadRecord(f'a record has either "text" or "tokens"; this one has {keys}')
    value = record[given[0]]
    is_text = isinstance(value, str) and given[0] == "text"
    is_words = isinstance(value, list) and all(isinstance(word, str) for word in value)
    if not is_text and not is_words:
        expected = "a string" if given[0] == "text" else "a list of strings"
        raise _BadRecord(f'"{given[0]}" must be {expected}; received {json.dumps(value, ensure_ascii=False)[:60]}')
    try:
        refuse_surrogates(value if isinstance(value, str) else "".join(value))
        if is_words:
            context_mask(value, record.get("mask"))
    except AdaSeqError as error:
        raise _BadRecord(str(error)) from None
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise _BadRecord(f"{name} is not JSON")


def _read_conll(lines: Iterable[bytes], report: Callable[[str, int], None]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The sentences, each with the number of its first line."""
    words: list[str] = []
    is_bad = False
    first = 1
    for number, line in enumerate(lines, 1):
        try:
            text = _decode(line, number)
        except _BadRecord as error:
            report(str(error), number)
            is_bad = True
            continue
        if text.strip() and not text.startswith("-DOCSTART-"):
            first = first if words else number
            # A word may itself be white space, so only the first separator counts.
            words.append(text.split("\t" if "\t" in text else " ", 1)[0] or " ")
        elif words or is_bad:
            if not is_bad:
                yield first, {"tokens": words}
            words, is_bad = [], False
    if words and not is_bad:
        yield first, {"tokens": words}
