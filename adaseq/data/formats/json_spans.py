"""JSON lines with spans."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.annotation import leave_out_context
from adaseq.data.example import Example, Span
from adaseq.data.formats.base import Format
from adaseq.data.formats.json_lines import (
    Record,
    Tokenizer,
    check_tokenizer,
    read_bounds,
    read_records,
    shown,
    split_words,
)
from adaseq.errors import nearest
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS
from adaseq.utils.tag_schemes import PARTIAL

_NEEDED = ("start", "end", "type")
# The others are in files that this reader takes as they are, and in what a prediction writes.
_KNOWN = {*_NEEDED, "allowed", "parts", "word", "text", "id", "span", "prob"}


@FORMATS.register(Formats.JSON_SPANS)
class JsonSpansFormat(Format):
    """A JSON object per line with a text and spans: `{"text": "…", "spans": [{"start": 0, "end": 2, "type": "PER"}]}`.

    The ends of a span count words: characters with the tokenizer char. An entity with gaps has its ranges of words, `parts`:
    `[[0, 1], [3, 4]]`, instead of start and end or beside them. A `type` that is a list, or `allowed` beside the type `PARTIAL`,
    says which types the span may have. From a word `<EOS>` on all is context.

    Args:
        text_key: the key of the text, a string or a list of words.
        spans_key: the key of the list of spans.
        tokenizer: how a string becomes words: char, every character is one; blank, a single blank stands between them.
        is_end_included: the end of a span is its last word, not the one behind it.
    """

    records = "lines"

    def __init__(
        self,
        text_key: str = "text",
        spans_key: str = "spans",
        tokenizer: Tokenizer = "char",
        is_end_included: bool = False,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(encoding)
        self.text_key = text_key
        self.spans_key = spans_key
        self.tokenizer = check_tokenizer(tokenizer)
        self.is_end_included = is_end_included
        self._count = 0

    def _examples(self, path: Path) -> Iterator[Example]:
        for record in read_records(self, path):
            tokens, text, offsets = split_words(record, self.text_key, self.tokenizer)
            spans = [
                self._span(record, span, len(tokens)) for span in record.get(self.spans_key, list, "a list of spans")
            ]
            spans, mask = leave_out_context(tokens, spans)
            origin, fields = f"{path}:{record.line}", record.fields()
            yield Example(str(self._count), tokens, spans, mask, text, offsets, origin, fields)
            self._count += 1

    def _span(self, record: Record, span: Any, length: int) -> Span:
        if not isinstance(span, dict):
            raise record.error(f"a span must be an object with start, end and type, not {shown(span)}")
        if "parts" in span:
            return self._span_with_gaps(record, span, length)
        missing = [key for key in _NEEDED if key not in span]
        if missing:
            raise record.error(f"a span has no '{missing[0]}': {shown(span)}")
        self._check_keys(record, span)
        start, end = read_bounds(record, span["start"], span["end"], length, self.is_end_included)
        kind = span["type"]
        if "allowed" in span:
            if kind != PARTIAL:
                raise record.error(f"'allowed' is for spans of type {PARTIAL}, not {shown(kind)}")
            kind = span["allowed"]
        if isinstance(kind, str):
            return {"start": start, "end": end, "type": kind}
        if not isinstance(kind, list) or not kind or not all(isinstance(each, str) for each in kind):
            raise record.error(f"the type of a span must be a string or a list of strings, not {shown(kind)}")
        allowed = list(dict.fromkeys(kind))
        if len(allowed) == 1:
            return {"start": start, "end": end, "type": allowed[0]}
        return {"start": start, "end": end, "type": PARTIAL, "allowed": allowed}

    def _span_with_gaps(self, record: Record, span: dict[str, Any], length: int) -> Span:
        self._check_keys(record, span)
        kind, given = span.get("type"), span["parts"]
        if not isinstance(kind, str):
            raise record.error(f"a span with parts must have a type, one string: {shown(span)}")
        if not isinstance(given, list) or not given or not all(isinstance(p, list) and len(p) == 2 for p in given):
            raise record.error(f"the parts of a span must be a list of [start, end], not {shown(given)}")
        parts = [read_bounds(record, start, end, length, self.is_end_included) for start, end in given]
        if any(one[1] >= other[0] for one, other in itertools.pairwise(parts)):
            raise record.error(f"the parts of a span must be in order, with words between them: {shown(given)}")
        hull = parts[0][0], parts[-1][1]
        stated = span.get("start", given[0][0]), span.get("end", given[-1][1])
        if read_bounds(record, *stated, length, self.is_end_included) != hull:
            raise record.error(f"a span begins with its first part and ends with its last one: {shown(span)}")
        whole: Span = {"start": hull[0], "end": hull[1], "type": kind}
        return whole if len(parts) == 1 else {**whole, "parts": parts}

    @staticmethod
    def _check_keys(record: Record, span: dict[str, Any]) -> None:
        for key in span:
            if key not in _KNOWN:
                raise record.error(f"a span has the key '{key}', which is not known{nearest(key, _KNOWN)}")
