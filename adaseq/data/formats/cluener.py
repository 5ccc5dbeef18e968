"""The format of CLUENER 2020 (Xu et al. 2020, arXiv:2001.04351), in both shapes that are about."""

from __future__ import annotations

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
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS


@FORMATS.register(Formats.CLUENER)
class CluenerFormat(Format):
    """A JSON object per line with a text and its spans by type.

    The spans of a type are ordered by surface form, `{"label": {"name": {"叶老桂": [[9, 11]]}}}`, or are not,
    `{"label": {"name": [[9, 12]]}}`. Every occurrence counts. Surface forms are checked against the text.

    Args:
        tokenizer: how a string becomes words: char, every character is one; blank, a single blank stands between them.
        is_end_included: the second number of a span is its last word, not the one behind it. Where a span has a surface
            form, that decides; without one the end is not included by default.
    """

    records = "lines"

    def __init__(self, tokenizer: Tokenizer = "char", is_end_included: bool = False, encoding: str = "utf-8") -> None:
        super().__init__(encoding)
        self.tokenizer = check_tokenizer(tokenizer)
        self.is_end_included = is_end_included
        self._count = 0

    def _examples(self, path: Path) -> Iterator[Example]:
        for record in read_records(self, path):
            tokens, text, offsets = split_words(record, "text", self.tokenizer)
            found = {
                (*self._bounds(record, tokens, surface, pair), kind)
                for kind, surface, pair in _entries(record, record.get("label", dict, "an object of types"))
            }
            spans: list[Span] = [{"start": start, "end": end, "type": kind} for start, end, kind in sorted(found)]
            spans, mask = leave_out_context(tokens, spans)
            yield Example(str(self._count), tokens, spans, mask, text, offsets, f"{path}:{record.line}")
            self._count += 1

    def _bounds(self, record: Record, tokens: list[str], surface: str | None, pair: Any) -> tuple[int, int]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise record.error(f"a span must be a list of two numbers, [start, end], not {shown(pair)}")
        first, last = pair
        is_end_included = self.is_end_included
        if surface is None:
            return read_bounds(record, first, last, len(tokens), is_end_included)
        joiner = "" if self.tokenizer == "char" else " "
        if isinstance(first, int) and isinstance(last, int):
            length = len(surface if self.tokenizer == "char" else surface.split(joiner))
            is_end_included = last - first + 1 == length
        start, end = read_bounds(record, first, last, len(tokens), is_end_included)
        found = joiner.join(tokens[start:end])
        if found != surface:
            raise record.error(f"'{surface}' is said to be at {shown(pair)}, but there is '{found}'")
        return start, end


def _entries(record: Record, label: dict[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    """Type, surface form if there is one, and ends of each span."""
    for kind, group in label.items():
        if isinstance(group, dict):
            for surface, pairs in group.items():
                if not isinstance(pairs, list):
                    raise record.error(f"the spans of '{surface}' must be a list, not {shown(pairs)}")
                yield from ((kind, surface, pair) for pair in pairs)
        elif isinstance(group, list):
            yield from ((kind, None, pair) for pair in group)
        else:
            raise record.error(f"the spans of type '{kind}' must be an object or a list, not {shown(group)}")
