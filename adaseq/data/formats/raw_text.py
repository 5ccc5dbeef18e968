"""Words of raw text that is annotated by characters: cut so that every annotated range begins and ends with a word."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Sequence
from typing import Literal

from adaseq.data.formats.json_lines import Record, Words
from adaseq.registry import SPLITTERS

SplitterName = Literal["char", "word", "blank"]


class TextCutter:
    """Cuts texts into words; counts where it had to cut a word of the splitter's.

    Args:
        text_splitter: the splitter: char, word or blank.
    """

    def __init__(self, text_splitter: str) -> None:
        self._splitter = SPLITTERS.build(text_splitter)
        self._cuts = 0

    def warnings(self) -> list[str]:
        """What there is to say about the texts so far."""
        if not self._cuts:
            return []
        return [f"{self._cuts} annotated ranges begin or end inside a word, which was cut there"]

    def words(self, record: Record, text: str, ranges: Iterable[tuple[int, int]] = ()) -> Words:
        """The words of a text.

        Args:
            record: where the text stands.
            text: the text.
            ranges: what is annotated, as ranges of characters.
        """
        tokens, offsets = self._splitter.split(text)
        inside = self._inside(offsets, sorted({place for each in ranges for place in each}))
        if inside:
            self._cuts += len(inside)
            edges = sorted({*(place for each in offsets for place in each), *inside})
            starts = {start for start, _ in offsets} | set(inside)
            offsets = [(left, right) for left, right in itertools.pairwise(edges) if left in starts]
            tokens = [text[start:end] for start, end in offsets]
        if not tokens:
            raise record.error("the text has no word" if text else "the text is empty")
        return Words(tokens, text, offsets)

    @staticmethod
    def _inside(offsets: Sequence[tuple[int, int]], places: Sequence[int]) -> list[int]:
        """The places that are within a word."""
        starts = [start for start, _ in offsets]
        found = []
        for place in places:
            number = bisect.bisect_left(starts, place) - 1
            if number >= 0 and place < offsets[number][1]:
                found.append(place)
        return found


def words_at(record: Record, words: Words, start: int, end: int) -> tuple[int, int]:
    """The range of the words in a range of characters.

    Args:
        record: where it stands.
        words: the words, with their places in the text.
        start: the first character.
        end: the one behind the last.

    Raises:
        DataError: it is not within the text, or there is no word in it.
    """
    text, offsets = words.text or "", words.offsets or []
    if not 0 <= start < end <= len(text):
        why = "is empty or runs backwards" if start >= end else f"is not within the {len(text)} characters of the text"
        raise record.error(f"the range from character {start} to {end} {why}")
    first = bisect.bisect_right(offsets, start, key=lambda each: each[1])
    behind = bisect.bisect_left(offsets, end, key=lambda each: each[0])
    if first >= behind:
        raise record.error(f"from character {start} to {end} there is nothing but white space: {text[start:end]!r}")
    return first, behind
