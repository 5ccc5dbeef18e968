"""Checks of mentions over the whole corpus: the same words, another type."""

from __future__ import annotations

import hashlib

from adaseq.data.example import labels_of_span
from adaseq.inspection.checks.base import Check
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.reading import Item
from adaseq.inspection.text import joiner, shown

_MOST_MENTIONS = 500_000
_MOST_AMBIGUOUS = 50_000
_MOST_WORDS = 30
_PLACES_OF_TYPE = 20
_SLIPS = 0.2  # of the occurrences of a mention, for a type that is most likely an error
_USUAL = 4  # occurrences of a type that make it the usual one


class MentionCheck(Check):
    """Compares the types of mentions that are spelt alike. Of a mention with one type only a hash is kept."""

    def __init__(self, findings: Findings) -> None:
        super().__init__(findings)
        self._alone: dict[int, tuple[str, int, str, int | None]] = {}  # type, count, file and line of the first
        self._several: dict[int, dict[str, list[Place]]] = {}
        self._counts: dict[int, dict[str, int]] = {}

    def look(self, item: Item) -> None:
        if item.has_label_per_word:
            return
        tokens = item.example.tokens
        for span in item.example.spans:
            kinds = labels_of_span(span)
            if len(kinds) != 1 or not kinds[0] or span["end"] - span["start"] > _MOST_WORDS or span.get("parts"):
                continue
            if _is_whole_and_alone(item, span["start"], span["end"]):
                continue
            words = tokens[span["start"] : span["end"]]
            key = _hash(words)
            self._add(item, key, kinds[0], span["start"], span["end"], joiner(tokens).join(words))

    def finish(self) -> None:
        for key, places in self._several.items():
            counts = self._counts[key]
            usual = max(counts, key=lambda kind: counts[kind])
            total = sum(counts.values())
            others = {kind: n for kind, n in counts.items() if kind != usual}
            told = ", ".join(f"{n} {shown(kind)}" for kind, n in sorted(counts.items(), key=lambda each: -each[1]))
            if counts[usual] >= _USUAL and sum(others.values()) <= _SLIPS * total:
                for kind, n in others.items():
                    for number, place in enumerate(places[kind]):
                        what = f"{place.what} is {shown(kind)} here; in all: {told}"
                        rest = n - len(places[kind]) if number == 0 else 0
                        fix = f"write {shown(usual)}, if that is meant"
                        self.findings.add(
                            "inconsistent-type", Place(place.file, place.line, what, place.context, fix), 1 + rest
                        )
            else:
                rarest = min(counts, key=lambda kind: counts[kind])
                place = places[rarest][0]
                self.findings.add(
                    "ambiguous-mention", Place(place.file, place.line, f"{place.what}: {told}", place.context)
                )

    def _add(self, item: Item, key: int, kind: str, start: int, end: int, surface: str) -> None:
        if key in self._several:
            counts, places = self._counts[key], self._several[key]
            counts[kind] = counts.get(kind, 0) + 1
            kept = places.setdefault(kind, [])
            if len(kept) < _PLACES_OF_TYPE:
                kept.append(item.place(f"'{shown(surface)}'", start, end))
            return
        known = self._alone.get(key)
        if known is None:
            if len(self._alone) < _MOST_MENTIONS:
                self._alone[key] = (kind, 1, item.file, item.line_of(start))
        elif known[0] == kind:
            self._alone[key] = (kind, known[1] + 1, *known[2:])
        elif len(self._several) < _MOST_AMBIGUOUS:
            del self._alone[key]
            self._counts[key] = {known[0]: known[1], kind: 1}
            place = item.place(f"'{shown(surface)}'", start, end)
            self._several[key] = {known[0]: [Place(known[2], known[3], place.what)], kind: [place]}


def _is_whole_and_alone(item: Item, start: int, end: int) -> bool:
    """Whether a span is the whole sentence: then its type is a class, and no mention."""
    return start == 0 and end == len(item.example.tokens) and len(item.example.tokens) > _MOST_WORDS // 2


def _hash(words: list[str]) -> int:
    digest = hashlib.blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
