"""Segmented text: a sentence per line, its words separated by spaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adaseq.data.example import Example, Span
from adaseq.data.formats.base import Format
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS


@FORMATS.register(Formats.SEGMENTED)
class SegmentedFormat(Format):
    """Plain text with white space between words, one sentence per line, for word segmentation.

    Each character is labelled; the words are spans without type. Blank lines are skipped.
    """

    records = "lines"

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(encoding)
        self._count = 0

    def _examples(self, path: Path) -> Iterator[Example]:
        for number, line in enumerate(self.lines(path), 1):
            words = line.split()
            if not words:
                continue
            spans: list[Span] = []
            end = 0
            for word in words:
                start, end = end, end + len(word)
                spans.append({"start": start, "end": end, "type": ""})
            yield Example(str(self._count), list("".join(words)), spans, origin=f"{path}:{number}")
            self._count += 1
