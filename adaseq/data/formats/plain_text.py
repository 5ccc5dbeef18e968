"""Text without annotation, for pretraining."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.data.formats.raw_text import SplitterName
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS, SPLITTERS


@FORMATS.register(Formats.PLAIN_TEXT)
class PlainTextFormat(Format):
    """A text on each line, without labels. Blank lines are skipped.

    Args:
        text_splitter: how a text becomes words: char, word or blank.
        max_words: longer texts are cut into several, of this many words at most.
    """

    records = "lines"

    def __init__(
        self, text_splitter: SplitterName = "word", max_words: int | None = 500, encoding: str = "utf-8"
    ) -> None:
        super().__init__(encoding)
        if max_words is not None and max_words < 1:
            raise AdaSeqError(f"max_words is {max_words}; it must be at least 1, or null for texts of any length")
        self.max_words = max_words
        self._splitter = SPLITTERS.build(text_splitter)
        self._count = 0

    def _examples(self, path: Path) -> Iterator[Example]:
        for number, line in enumerate(self.lines(path), 1):
            text = line.strip()
            tokens, offsets = self._splitter.split(text)
            step = self.max_words or max(len(tokens), 1)
            for start in range(0, len(tokens), step):
                words, places = tokens[start : start + step], offsets[start : start + step]
                first, last = places[0][0], places[-1][1]
                moved = [(a - first, b - first) for a, b in places]
                origin = f"{path}:{number}"
                yield Example(str(self._count), words, [], None, text[first:last], moved, origin)
                self._count += 1
