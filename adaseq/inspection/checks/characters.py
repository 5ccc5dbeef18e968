"""Checks of words and texts: encodings, invisible and look-alike characters, forms of the same character."""

from __future__ import annotations

import bisect
import re
from collections import Counter

from adaseq.inspection.characters import Fault, faults_of_word, find_faults, is_nothing
from adaseq.inspection.checks.base import Check
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.reading import Item
from adaseq.inspection.text import shown

_ORDINARY = re.compile(r"[A-Za-z0-9]+")
_SPACE = re.compile(r"\s")
_AROUND = 20
_MOST_CACHED = 40  # characters of a word


class CharacterCheck(Check):
    """Looks at each word; where words are single characters, at the sentence that they spell."""

    def __init__(self, findings: Findings) -> None:
        super().__init__(findings)
        self._ordinary: Counter[str] = Counter()

    def look(self, item: Item) -> None:
        example = item.example
        tokens = example.tokens
        if example.text is not None:
            self._look_at_text(item, example.text, [start for start, _ in example.offsets or ()])
        elif len(tokens) > 1 and all(len(token) == 1 for token in tokens):
            self._look_at_text(item, "".join(tokens), None)
            self._look_for_blanks(item)
        else:
            for i, token in enumerate(tokens):
                if token.isascii() and token.isalnum():
                    self._ordinary[item.file] += 1
                    continue
                self._look_at_word(item, i, token)
        if isinstance(pair := example.fields.get("pair_text"), str):
            self._look_at_text(item, pair, [])

    def finish(self) -> None:
        """Where nearly all letters and digits are full-width, that is how the data is written."""
        finding = self.findings.get("full-width")
        if finding is None:
            return
        ordinary = sum(self._ordinary.values())
        if finding.count > ordinary:
            self.findings.regrade("full-width", "note")
            note = f"most letters and digits are full-width here, {ordinary} words or runs are not: texts must be written so at prediction too"
            self.findings.annotate("full-width", note)

    def _look_at_word(self, item: Item, i: int, token: str) -> None:
        if is_nothing(token):
            self.findings.add("blank-word", item.place(f"the word is {_described(token)}", i))
            return
        if _SPACE.search(token):
            self.findings.add("space-in-word", item.place(f"'{shown(token)}' has white space inside", i))
        if _ORDINARY.search(token):
            self._ordinary[item.file] += 1
        for fault in faults_of_word(token) if len(token) <= _MOST_CACHED else find_faults(token):
            self._add(fault.code, item.place(_of_word(fault, token), i, fix=fault.fix))

    def _look_at_text(self, item: Item, text: str, starts: list[int] | None) -> None:
        self._ordinary[item.file] += len(_ORDINARY.findall(text))
        for fault in find_faults(text):
            if starts is None:
                self._add(fault.code, item.place(fault.what, fault.start, fault.end, fault.fix))
                continue
            word = max(bisect.bisect_right(starts, fault.start) - 1, 0)
            left, right = text[max(fault.start - _AROUND, 0) : fault.start], text[fault.end : fault.end + _AROUND]
            context = f"{shown(left)}[{shown(text[fault.start : fault.end])}]{shown(right)}"
            self._add(fault.code, Place(item.file, item.line_of(word), fault.what, context, fault.fix))

    def _add(self, code: str, place: Place) -> None:
        if code != "replacement-character" or not self.findings.is_undecodable(place.file, place.line):
            self.findings.add(code, place)

    def _look_for_blanks(self, item: Item) -> None:
        for i, token in enumerate(item.example.tokens):
            if not token.isalnum() and is_nothing(token) and not faults_of_word(token):
                self.findings.add("blank-word", item.place(f"the word is {_described(token)}", i))


def _of_word(fault: Fault, token: str) -> str:
    covers = fault.start == 0 and fault.end == len(token)
    return fault.what if covers or f"'{token}'" in fault.what else f"{fault.what} in '{shown(token)}'"


def _described(token: str) -> str:
    codes = " ".join(f"U+{ord(char):04X}" for char in token[:5])
    return f"nothing but white space or invisible characters: {codes}"
