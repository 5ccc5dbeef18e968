"""What a backbone wants around a text, and between two texts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Segments = tuple[list[int], int, list[int], int, list[int]]


class Template(NamedTuple):
    """The special pieces of a sequence with their segments.

    Attributes:
        prefix: the pieces before the first text.
        middle: those between the texts.
        suffix: those behind the last text.
        segments: the segment ids of prefix, first text, middle, second text and suffix: one for each special piece, and one
            for each text.
        summary: the place of the piece whose vector stands for the whole sequence, counted from the end if negative; None
            if there is none.
    """

    prefix: list[int]
    middle: list[int]
    suffix: list[int]
    segments: Segments
    summary: int | None

    @property
    def special(self) -> int:
        """How many special pieces there are."""
        return len(self.prefix) + len(self.middle) + len(self.suffix)

    def segment_ids(self, first: int, second: int) -> np.ndarray:
        """The segment of each piece of a sequence.

        Args:
            first: how many pieces the first text has.
            second: how many the second one has.
        """
        before, one, between, two, behind = self.segments
        return np.asarray([*before, *[one] * first, *between, *[two] * second, *behind], np.int32)


def single_template(tokenizer: Any, prefix: list[int], suffix: list[int]) -> Template:
    """The template for one text.

    Args:
        tokenizer: the tokenizer, of transformers.
        prefix: what it puts before a text.
        suffix: what it puts behind a text.
    """
    segments: Segments = ([0] * len(prefix), 0, [], 0, [0] * len(suffix))
    if prefix or suffix:
        ids = tokenizer.encode("a", add_special_tokens=False)
        found = tokenizer("a").get("token_type_ids")
        if found and len(found) == len(prefix) + len(ids) + len(suffix):
            segments = (found[: len(prefix)], found[len(prefix)], [], 0, found[len(found) - len(suffix) :])
    return Template(prefix, [], suffix, segments, _summary(tokenizer, prefix, suffix))


def pair_template(tokenizer: Any, single: Template) -> Template:
    """The template for two texts; where the tokenizer has none, the second text follows behind the end of the first.

    Args:
        tokenizer: the tokenizer, of transformers.
        single: its template for one text.
    """
    if not single.special:
        return single
    first, second = (tokenizer.encode(text, add_special_tokens=False) for text in ("a", "b"))
    encoded = tokenizer("a", "b")
    ids = list(encoded["input_ids"])
    start = _find(ids, first, 0)
    end = start + len(first)
    place = _find(ids, second, end) if start >= 0 else -1
    if place < 0:
        segments = (single.segments[0], single.segments[1], single.segments[4], single.segments[1], single.segments[4])
        return single._replace(middle=single.suffix, segments=segments)
    prefix, middle, suffix = ids[:start], ids[end:place], ids[place + len(second) :]
    kinds = list(encoded.get("token_type_ids") or [0] * len(ids))
    segments = (kinds[:start], kinds[start], kinds[end:place], kinds[place], kinds[place + len(second) :])
    return Template(prefix, middle, suffix, segments, _summary(tokenizer, prefix, suffix))


def _find(ids: list[int], part: list[int], start: int) -> int:
    places = (i for i in range(start, len(ids) - len(part) + 1) if ids[i : i + len(part)] == part)
    return next(places, -1)


def _summary(tokenizer: Any, prefix: list[int], suffix: list[int]) -> int | None:
    """The classification piece, else the first special piece, else the last one."""
    if tokenizer.cls_token_id in prefix:
        return prefix.index(tokenizer.cls_token_id)
    if tokenizer.cls_token_id in suffix:
        return suffix.index(tokenizer.cls_token_id) - len(suffix)
    return 0 if prefix else -1 if suffix else None
