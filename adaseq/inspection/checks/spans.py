"""Checks of spans within their sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adaseq.data.example import Span, in_order
from adaseq.inspection.checks.base import Check
from adaseq.inspection.reading import Item
from adaseq.inspection.text import joiner, shown
from adaseq.utils.tag_schemes import PARTIAL

# Letters and digits of scripts that part words by blanks; an ideograph is a word of its own.
_SPACED = re.compile(
    r"[^\W_\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff]"
)


class SpanCheck(Check):
    """Looks for spans that stand twice, cross each other, or begin or end where no word does."""

    def look(self, item: Item) -> None:
        spans = [span for span in item.example.spans if span["type"] != PARTIAL]
        if not spans or item.has_label_per_word:
            return
        if len(item.levels) != 1:  # one tag for each word cannot spell such spans
            self._check_pairs(item, spans)
        self._check_edges(item, spans)

    def _check_pairs(self, item: Item, spans: Sequence[Span]) -> None:
        for span, around in in_order(span for span in spans if not span.get("parts")):
            start, end, kinds = span["start"], span["end"], _named(span)
            if any((each["start"], each["end"], _named(each)) == (start, end, kinds) for each in around):
                self.findings.add("repeated-span", item.place(f"{shown(kinds)} stands here twice", start, end))
            crossed = next((each for each in around if each["end"] < end), None)
            if crossed is not None:
                other = joiner(item.example.tokens).join(item.example.tokens[crossed["start"] : crossed["end"]])
                self.findings.add("crossing-spans", item.place(f"it crosses '{shown(other)}'", start, end))

    def _check_edges(self, item: Item, spans: Sequence[Span]) -> None:
        tokens = item.example.tokens
        is_of_characters = len(tokens) > 1 and all(len(token) == 1 for token in tokens)
        for span in spans:
            start, end, kind = span["start"], span["end"], shown(_named(span))
            if tokens[start].isspace() or tokens[end - 1].isspace():
                what = f"the {kind} {'begins' if tokens[start].isspace() else 'ends'} with white space"
                self.findings.add("span-edge-space", item.place(what, start, end, "leave the white space out"))
            elif is_of_characters and (span["type"] or "types" in span):
                for name, place in (("begins", start), ("ends", end)):
                    if 0 < place < len(tokens) and _is_inside(tokens[place - 1], tokens[place]):
                        first, behind = _word_around(tokens, place)
                        word = "".join(tokens[first:behind])
                        what = f"the {kind} '{shown(''.join(tokens[start:end]))}' {name} inside '{shown(word)}'"
                        self.findings.add("span-cuts-word", item.place(what, start, end))
                        break


def _named(span: Span) -> str:
    return ", ".join(span.get("types", [])) or span["type"] or "span"


def _is_inside(left: str, right: str) -> bool:
    if not (_SPACED.fullmatch(left) and _SPACED.fullmatch(right)):
        return False
    # Chinese names of products and models stand beside numbers without a blank.
    return left.isdigit() == right.isdigit()


def _word_around(tokens: list[str], place: int) -> tuple[int, int]:
    first = behind = place
    while first > 0 and _SPACED.fullmatch(tokens[first - 1]):
        first -= 1
    while behind < len(tokens) and _SPACED.fullmatch(tokens[behind]):
        behind += 1
    return first, behind
