"""Relations as JSON: a text, the places of its two entities, and the relation between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.example import Example
from adaseq.data.formats.base import Format, Layout
from adaseq.data.formats.json_documents import layout_of_json, read_objects
from adaseq.data.formats.json_lines import Record, Words, read_bounds, shown, split_words
from adaseq.data.formats.raw_text import SplitterName, TextCutter, words_at
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS

_TEXT_KEYS = ("text", "tokens", "token", "sentence")
_LABEL_KEYS = ("label", "relation")
# In the files of TACRED (Zhang et al. 2017) each end has a key of its own, and the last word is included.
_FLAT = {"subject": ("subj_start", "subj_end"), "object": ("obj_start", "obj_end")}


@FORMATS.register(Formats.RELATION_JSON)
class RelationJsonFormat(Format):
    """JSON objects, one per line or in a list: `{"tokens": […], "subject": [0, 2], "object": [5, 6], "label": "lives_in"}`.

    The ends of an entity, `[start, end]` or `{"start": …, "end": …}`, count words where there is a list of words, and
    characters where there is a text. Records with `subj_start`, `subj_end`, `obj_start` and `obj_end`, as in TACRED, are read
    too.

    Args:
        text_key: the key of the text, a string or a list of words; by default text, tokens, token or sentence.
        subject_key: the key of the ends of the subject.
        object_key: the key of the ends of the object.
        label_key: the key of the relation; by default label or relation.
        text_splitter: how a text becomes words: char, word or blank.
        is_end_included: the end of an entity is its last word or character, not the one behind it.
    """

    def __init__(
        self,
        text_key: str | None = None,
        subject_key: str = "subject",
        object_key: str = "object",
        label_key: str | None = None,
        text_splitter: SplitterName = "word",
        is_end_included: bool = False,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(encoding)
        self.text_key = text_key
        self.keys = {"subject": subject_key, "object": object_key}
        self.label_key = label_key
        self.is_end_included = is_end_included
        self._cutter = TextCutter(text_splitter)
        self._count = 0

    def notes(self) -> dict[str, Any]:
        return {"warnings": self._cutter.warnings()}

    def layout(self, path: Path) -> Layout:
        return layout_of_json(self, path)

    def _examples(self, path: Path) -> Iterator[Example]:
        for record in read_objects(self, path):
            yield self._example(record)
            self._count += 1

    def _example(self, record: Record) -> Example:
        text_key = _first(record, self.text_key, _TEXT_KEYS)
        label = record.get(_first(record, self.label_key, _LABEL_KEYS), str, "a string")
        text = record.get(text_key, (str, list), "a string or a list of words")
        unit = "words" if isinstance(text, list) else "characters"
        ranges = {name: self._range(record, name, len(text), unit) for name in self.keys}
        ranges = {name: each for name, each in ranges.items() if each is not None}
        fields: dict[str, Any] = {"label": label}
        if isinstance(text, list):
            words = split_words(record, text_key, "blank")
            fields.update((name, list(each)) for name, each in ranges.items() if each)
        else:
            words = self._cutter.words(record, text, [each for each in ranges.values() if each])
            fields.update((name, list(words_at(record, words, *each))) for name, each in ranges.items() if each)
        return self._made(record, words, fields)

    def _range(self, record: Record, name: str, length: int, unit: str) -> tuple[int, int] | None:
        """The range of an entity; None if there is none."""
        key, (first, last) = self.keys[name], _FLAT[name]
        if first in record.values and last in record.values:
            return read_bounds(record, record.values[first], record.values[last], length, True, unit)
        if key not in record.values:
            if any(other in record.values for other in self.keys.values()):
                record.get(key, object, "the ends of the entity")
            return None
        value = record.values[key]
        if value is None:
            return None
        if isinstance(value, dict):
            value = [value.get("start"), value.get("end")]
        if not isinstance(value, list) or len(value) != 2:
            raise record.error(f"'{key}' must be [start, end], not {shown(value)}")
        return read_bounds(record, value[0], value[1], length, self.is_end_included, unit)

    def _made(self, record: Record, words: Words, fields: dict[str, Any]) -> Example:
        name = record.values.get("id")
        number = str(self._count) if not isinstance(name, (str, int)) else str(name)
        return Example(
            number, words.tokens, [], None, words.text, words.offsets, f"{record.path}:{record.line}", fields
        )


def _first(record: Record, given: str | None, usual: tuple[str, ...]) -> str:
    """The key that is given, or the first of the usual ones that is there."""
    return given or next((key for key in usual if key in record.values), usual[0])
