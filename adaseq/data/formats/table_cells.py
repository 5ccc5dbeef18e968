"""The cells of a row as words, tags, spans and fields. Cells of CSV are text; lists in them are JSON, or words at blanks."""

from __future__ import annotations

import ast
import bisect
import json
from collections.abc import Mapping
from typing import Any

from adaseq.data.formats.json_lines import Record, Words, read_bounds, shown
from adaseq.data.formats.table_columns import Role
from adaseq.registry import SPLITTERS
from adaseq.utils.tag_schemes import PARTIAL

_TYPE_KEYS = ("type", "types", "label", "labels", "tag", "entity_type", "entity_group")
_START_KEYS = ("start", "start_offset", "begin")
_END_KEYS = ("end", "end_offset", "stop")


class Cells:
    """Reads cells; counts what it had to bend.

    Args:
        text_splitter: how a text becomes words.
        is_end_included: the end of a span is its last word or character.
    """

    def __init__(self, text_splitter: str, is_end_included: bool) -> None:
        self._splitter = SPLITTERS.build(text_splitter)
        self._is_end_included = is_end_included
        self._widened = 0

    def warnings(self) -> list[str]:
        """What there is to say about the rows read so far."""
        if not self._widened:
            return []
        bent = f"{self._widened} spans begin or end inside a word and were widened to whole words"
        return [f"{bent}; text_splitter: char labels characters"]

    def words(self, record: Record, columns: Mapping[Role, str]) -> Words:
        """The words of a row.

        Args:
            record: the row.
            columns: which column is what.
        """
        if "tokens" in columns:
            words = Words(_checked_words(record, columns["tokens"], _list(record, columns["tokens"])), None, None)
        else:
            text = record.get(columns["text"], str, "text")
            tokens, offsets = self._splitter.split(text)
            words = Words(tokens, text, offsets)
        if not words.tokens:
            raise record.error(f"'{columns.get('tokens') or columns['text']}' is empty")
        return words

    def tags(self, record: Record, column: str, names: list[str] | None) -> list[str]:
        """The tags of a row's words.

        Args:
            record: the row.
            column: that of the tags.
            names: what numbers mean.
        """
        return [_name(record, column, tag, names) for tag in _list(record, column)]

    def spans(self, record: Record, column: str, words: Words, names: Mapping[str, list[str]]) -> list[Any]:
        """The spans of a row: over words where there are words, over characters where there is a text.

        Args:
            record: the row.
            column: that of the spans.
            words: the words.
            names: for each column what its numbers mean.
        """
        cell = _parsed(record, column)
        if isinstance(cell, Mapping):  # a list of structures, turned over by old versions of `datasets`
            lengths = {len(value) for value in cell.values() if isinstance(value, list)}
            if len(lengths) != 1 or not all(isinstance(value, list) for value in cell.values()):
                raise record.error(f"'{column}' must be a list of spans, not {shown(cell)}")
            cell = [dict(zip(cell, row, strict=True)) for row in zip(*cell.values(), strict=True)]
        if cell in (None, ""):
            cell = []
        if not isinstance(cell, list):
            raise record.error(f"'{column}' must be a list of spans, not {shown(cell)}")
        return [self._span(record, column, each, words, names.get(column)) for each in cell]

    def fields(
        self, record: Record, columns: Mapping[Role, str], words: Words, names: Mapping[str, list[str]]
    ) -> dict[str, Any]:
        """What else a row says: its label, the second text of a pair, the subject and object of a relation, its id and mask.

        Args:
            record: the row.
            columns: which column is what.
            words: the words.
            names: for each column what its numbers mean.
        """
        fields: dict[str, Any] = {}
        mask = self._mask(record, columns["mask"], len(words.tokens)) if "mask" in columns else None
        if mask is not None:
            fields["mask"] = mask
        if "id" in columns and record.values.get(columns["id"]) is not None:
            fields["id"] = str(record.values[columns["id"]])
        label = self._label(record, columns["label"], names.get(columns["label"])) if "label" in columns else None
        if label is not None:
            fields["label"] = label
        if "pair" in columns:
            pair = record.get(columns["pair"], (str, list), "text or a list of words")
            if isinstance(pair, list):
                fields["pair"] = _checked_words(record, columns["pair"], pair)
            else:
                fields.update(pair=self._splitter.split(pair)[0], pair_text=pair)
        roles: tuple[Role, ...] = ("subject", "object")
        for role in roles:
            if role in columns and record.values.get(columns[role]) not in (None, ""):
                fields[role] = self._range(record, columns[role], len(words.tokens))
        return fields

    def _mask(self, record: Record, column: str, length: int) -> list[bool] | None:
        """Which words are labelled at all; None if all are."""
        if record.values.get(column) in (None, ""):
            return None
        mask = _list(record, column)
        if len(mask) != length or any(
            value not in (0, 1, "0", "1", "True", "False", "true", "false") for value in mask
        ):
            raise record.error(f"'{column}' must have true or false for each of the {length} words")
        values = [str(value).lower() in ("1", "true") for value in mask]
        return None if all(values) else values

    def _label(self, record: Record, column: str, names: list[str] | None) -> str | list[str] | None:
        value = record.values.get(column)
        if value is None or value in ("", -1) or (names is not None and value == "-1"):  # test data without labels
            return None
        several = _parsed(record, column)
        if isinstance(several, list):
            return [_name(record, column, each, names) for each in several]
        return _name(record, column, value, names)

    def _range(self, record: Record, column: str, length: int) -> list[int]:
        bounds = _list(record, column)
        if len(bounds) != 2:
            raise record.error(f"'{column}' must be two numbers, the first word and the one behind the last")
        start, end = (int(each) if isinstance(each, str) and each.isdigit() else each for each in bounds)
        return list(read_bounds(record, start, end, length, self._is_end_included))

    def _span(self, record: Record, column: str, span: Any, words: Words, names: list[str] | None) -> dict[str, Any]:
        if not isinstance(span, Mapping):
            raise record.error(f"'{column}' has an item that is no span: {shown(span)}")
        start = next((span[key] for key in _START_KEYS if key in span), None)
        end = next((span[key] for key in _END_KEYS if key in span), None)
        length = len(words.tokens) if words.text is None else len(words.text)
        unit = "words" if words.text is None else "characters"
        start, end = read_bounds(record, start, end, length, self._is_end_included, unit)
        if words.offsets is not None:
            start, end = self._to_words(record, start, end, words.offsets)
        allowed = span.get("allowed")
        if allowed:
            if not isinstance(allowed, list):
                raise record.error(f"'allowed' must be a list of types, not {shown(allowed)}")
            types = [_name(record, column, each, names) for each in allowed]
            return {"start": start, "end": end, "type": PARTIAL, "allowed": types}
        kind = next((span[key] for key in _TYPE_KEYS if span.get(key) is not None), None)
        if kind is None:
            raise record.error(f"the span {shown(dict(span))} has no type; it may be called {', '.join(_TYPE_KEYS)}")
        if isinstance(kind, list):
            types = [_name(record, column, each, names) for each in kind]
            return {"start": start, "end": end, "type": "", "types": types}
        return {"start": start, "end": end, "type": _name(record, column, kind, names)}

    def _to_words(self, record: Record, start: int, end: int, offsets: list[tuple[int, int]]) -> tuple[int, int]:
        """The words that a range of characters touches."""
        first = bisect.bisect_right([stop for _, stop in offsets], start)
        behind = bisect.bisect_left([begin for begin, _ in offsets], end)
        if first >= behind:
            raise record.error(f"the span from {start} to {end} holds nothing but white space")
        if offsets[first][0] < start or offsets[behind - 1][1] > end:
            self._widened += 1
        return first, behind


def _checked_words(record: Record, column: str, words: list[Any]) -> list[str]:
    for word in words:
        if not isinstance(word, str) or not word:
            raise record.error(f"'{column}' has an item that is no word: {shown(word)}")
    return words


def _parsed(record: Record, column: str) -> Any:
    """The value of a cell; in CSV, a list or an object is written as JSON or as Python prints it."""
    value = record.get(column, object, "a value")
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return value


def _list(record: Record, column: str) -> list[Any]:
    value = _parsed(record, column)
    if isinstance(value, str):
        return value.split()
    if isinstance(value, (list, tuple)):
        return list(value)
    raise record.error(f"'{column}' must be a list, not {shown(value)}")


def _name(record: Record, column: str, value: Any, names: list[str] | None) -> str:
    """The name of a class: as it stands there, or what its number means."""
    if isinstance(value, str) and not (names and value.isdecimal() and value not in names):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise record.error(f"'{column}' has the value {shown(value)}, which is no label")
    number = int(value)
    if names is None:
        raise record.error(
            f"'{column}' has numbers, and nothing says what they mean; say it: names: {{{column}: [O, B-PER, …]}}"
        )
    if not 0 <= number < len(names):
        raise record.error(f"'{column}' has the number {number}, and there are names for 0 to {len(names) - 1}")
    return names[number]
