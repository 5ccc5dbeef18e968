"""What the formats with one JSON object per line share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from adaseq.data.formats.base import Format
from adaseq.errors import AdaSeqError, DataError, nearest

Tokenizer = Literal["char", "blank"]


class Record(NamedTuple):
    """A JSON object and where it stands."""

    path: Path
    line: int
    values: dict[str, Any]

    def get(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        """The value of a key that must be there.

        Args:
            key: its name.
            kind: what type the value must be of.
            what: how the type is called in messages.
        """
        if key not in self.values:
            keys = ", ".join(repr(key) for key in self.values)
            raise self.error(
                f"there is no '{key}'{nearest(key, self.values) or ';'} the object has the keys {keys or 'none'}"
            )
        value = self.values[key]
        if not isinstance(value, kind):
            raise self.error(f"'{key}' must be {what}, not {shown(value)}")
        return value

    def fields(self) -> dict[str, Any]:
        """What else is kept of a record: which `document` it is from."""
        document = self.values.get("document")
        return {"document": document} if isinstance(document, (str, int, float)) else {}

    def error(self, message: str) -> DataError:
        """An error about this record."""
        return DataError(message, self.path, self.line)


class Words(NamedTuple):
    """The words of a text and, where it is not given as words, the text and their places in it."""

    tokens: list[str]
    text: str | None
    offsets: list[tuple[int, int]] | None


def read_records(reader: Format, path: Path) -> Iterator[Record]:
    """The objects of a file; blank lines are skipped.

    Args:
        reader: reads the lines.
        path: the file.
    """
    for number, line in enumerate(reader.lines(path), 1):
        if line.isspace():
            continue
        try:
            values = json.loads(line)
            if "\\u" in line:
                # Half of a surrogate pair is no character; nothing that is written later could hold it.
                json.dumps(values, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            raise DataError(
                f"no JSON: {error.msg} at column {error.colno}; one object per line is needed", path, number
            ) from None
        except UnicodeEncodeError:
            raise DataError("half of a surrogate pair in a string is no character", path, number) from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"this JSON cannot be read: {error}", path, number) from None
        if not isinstance(values, dict):
            raise DataError(
                f'one JSON object per line is needed, like {{"text": …}}, not {shown(values)}', path, number
            )
        yield Record(path, number, values)


def split_words(record: Record, key: str, tokenizer: Tokenizer) -> Words:
    """The words of a record's text.

    Args:
        record: the record.
        key: that of the text, or of a list of words.
        tokenizer: how a text becomes words: every character is one, or what stands between single blanks.
    """
    text = record.get(key, (str, list), "a string or a list of words")
    if isinstance(text, list):
        for word in text:
            if not isinstance(word, str) or not word:
                raise record.error(f"'{key}' has an item that is no word: {shown(word)}")
        words = Words(text, None, None)
    elif tokenizer == "char":
        words = Words(list(text), text, [(i, i + 1) for i in range(len(text))])
    else:
        tokens = text.split(" ") if text else []
        if "" in tokens:
            raise record.error(f"'{key}' begins or ends with a blank or has two in a row, which makes an empty word")
        offsets, end = [], -1
        for token in tokens:
            offsets.append((end + 1, end + 1 + len(token)))
            end += 1 + len(token)
        words = Words(tokens, text, offsets)
    if not words.tokens:
        raise record.error(f"'{key}' is empty")
    return words


def read_bounds(
    record: Record, start: object, end: object, length: int, is_end_included: bool, unit: str = "words"
) -> tuple[int, int]:
    """Check the ends of a span.

    Args:
        record: where it stands.
        start: the first word, or whatever the unit is.
        end: the last one, or the one behind it.
        length: how many there are.
        is_end_included: `end` is the last one.
        unit: what is counted.

    Returns:
        The first, and the one behind the last.
    """
    for name, value in (("start", start), ("end", end)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise record.error(f"the {name} of a span must be a whole number, not {shown(value)}")
    assert isinstance(start, int) and isinstance(end, int)
    behind = end + 1 if is_end_included else end
    if not 0 <= start < behind <= length:
        why = "is empty or runs backwards" if start >= behind else f"is not within the {length} {unit} of the text"
        reading = "included" if is_end_included else "excluded"
        raise record.error(f"the span from {start} to {end} (end {reading}) {why}")
    return start, behind


def check_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """Refuse a tokenizer that is none."""
    known = get_args(Tokenizer)
    if tokenizer not in known:
        raise AdaSeqError(
            f"there is no tokenizer '{tokenizer}'{nearest(tokenizer, known) or '.'} Known: {', '.join(known)}"
        )
    return tokenizer


def shown(value: object) -> str:
    """A JSON value in a message, cut if it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"
