"""Entity typing: mentions in a text, each with all its types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from adaseq.data.example import Example, Span
from adaseq.data.formats.base import Format, Layout
from adaseq.data.formats.json_documents import layout_of_json, read_objects
from adaseq.data.formats.json_lines import (
    Record,
    Tokenizer,
    Words,
    check_tokenizer,
    read_bounds,
    shown,
    split_words,
)
from adaseq.errors import AdaSeqError, nearest
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS

_NEEDED = ("start", "end", "type")
_KNOWN = (*_NEEDED, "candidates", "word", "text", "id", "span", "mention")
_ENCODINGS = ("span", "concat")


@FORMATS.register(Formats.ENTITY_TYPING)
class EntityTypingFormat(Format):
    """JSON objects, one per line or in a list: `{"text": "…", "label": [{"start": 0, "end": 2, "type": ["person", "poet"]}]}`.

    The ends of a mention count words: characters with the tokenizer char. A mention may have `candidates`, the types among
    which its types are chosen. Where a record is about one mention only, as in CFET, `spans_key` names its ends,
    `[start, end]`, and `types_key` its types.

    Args:
        text_key: the key of the text, a string or a list of words.
        spans_key: the key of the list of mentions, or of the ends of the only one.
        types_key: the key of the types of the only mention of a record; None if records have lists of mentions.
        tokenizer: how a string becomes words: char, every character is one; blank, white space stands between them.
        is_end_included: the end of a mention is its last word, not the one behind it.
        encoding_format: span, an example is a text with all its mentions; concat, each mention is an example of its own.
    """

    def __init__(
        self,
        text_key: str = "text",
        spans_key: str = "label",
        types_key: str | None = None,
        tokenizer: Tokenizer = "char",
        is_end_included: bool = False,
        encoding_format: Literal["span", "concat"] = "span",
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(encoding)
        self.text_key = text_key
        self.spans_key = spans_key
        self.types_key = types_key
        self.tokenizer = check_tokenizer(tokenizer)
        self.is_end_included = is_end_included
        if encoding_format not in _ENCODINGS:
            raise AdaSeqError(
                f"there is no encoding_format '{encoding_format}'{nearest(encoding_format, _ENCODINGS) or ';'} known: "
                f"{', '.join(_ENCODINGS)}"
            )
        self.encoding_format = encoding_format
        self._count = 0

    def layout(self, path: Path) -> Layout:
        return layout_of_json(self, path)

    def _examples(self, path: Path) -> Iterator[Example]:
        for record in read_objects(self, path):
            words = self._words(record)
            mentions = [self._mention(record, each, len(words.tokens)) for each in self._given(record)]
            origin = f"{path}:{record.line}"
            groups = [[each] for each in mentions] if self.encoding_format == "concat" else [mentions]
            for spans in groups:
                yield Example(str(self._count), words.tokens, spans, None, words.text, words.offsets, origin)
                self._count += 1

    def _words(self, record: Record) -> Words:
        text = record.get(self.text_key, (str, list), "a string or a list of words")
        if isinstance(text, list) or self.tokenizer == "char":
            return split_words(record, self.text_key, "char")
        matches = list(re.finditer(r"\S+", text))
        if not matches:
            raise record.error(f"'{self.text_key}' is empty")
        return Words([each.group() for each in matches], text, [each.span() for each in matches])

    def _given(self, record: Record) -> list[Any]:
        """The mentions of a record, as objects."""
        if self.types_key is None:
            found = record.get(self.spans_key, list, "a list of mentions")
            return list(found)
        ends = record.get(self.spans_key, list, "a list of two numbers, [start, end]")
        if len(ends) != 2:
            raise record.error(f"'{self.spans_key}' must be a list of two numbers, [start, end], not {shown(ends)}")
        types = record.get(self.types_key, (str, list), "a list of types")
        return [{"start": ends[0], "end": ends[1], "type": types}]

    def _mention(self, record: Record, mention: Any, length: int) -> Span:
        if not isinstance(mention, dict):
            raise record.error(f"a mention must be an object with start, end and type, not {shown(mention)}")
        for key in _NEEDED:
            if key not in mention:
                raise record.error(f"a mention has no '{key}': {shown(mention)}")
        for key in mention:
            if key not in _KNOWN:
                raise record.error(f"a mention has the key '{key}', which is not known{nearest(key, _KNOWN)}")
        start, end = read_bounds(record, mention["start"], mention["end"], length, self.is_end_included)
        span: Span = {"start": start, "end": end, "type": "", "types": _types(record, mention["type"], "type")}
        if mention.get("candidates") is not None:
            span["candidates"] = _types(record, mention["candidates"], "candidates")
        return span


def _types(record: Record, given: Any, what: str) -> list[str]:
    types = [given] if isinstance(given, str) else given
    if not isinstance(types, list) or not all(isinstance(each, str) and each for each in types):
        raise record.error(f"the {what} of a mention must be a list of strings, not {shown(given)}")
    return list(dict.fromkeys(types))
