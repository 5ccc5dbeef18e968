"""Patterns of file names that strangers write: matched in a time that grows with their length, never faster."""

from __future__ import annotations

import re

_PART = re.compile(r"\*\*/|\*\*|\*|\?|\[(?:![^\]/]+|[^\]/!][^\]/]*)\]|.", re.DOTALL)
_FOLDERS, _ANYTHING, _NAME = "**/", "**", "*"


class Glob:
    """A pattern such as `data/train-*.parquet`; `**` goes through folders, `*`, `?` and `[a-z]` stay in one.

    All ways in which it may go on are followed at once, so that none is ever tried again.

    Args:
        pattern: the pattern.
    """

    def __init__(self, pattern: str) -> None:
        self._parts = [_literal_or_set(part) for part in _PART.findall(pattern)]

    def matches(self, name: str) -> bool:
        """Whether a whole name is as the pattern says.

        Args:
            name: the name, with slashes between folders.
        """
        # Where in the pattern it may be, and whether that is inside folders that `**/` goes through.
        places = self._skipping({(0, False)})
        for character in name:
            places = self._skipping({after for place in places for after in self._after(place, character)})
            if not places:
                return False
        return (len(self._parts), False) in places

    def _after(self, place: tuple[int, bool], character: str) -> list[tuple[int, bool]]:
        """Where it may be behind a character."""
        number, _ = place
        if number == len(self._parts):
            return []
        part = self._parts[number]
        if part == _FOLDERS:
            return [(number, True), (number + 1, False)] if character == "/" else [(number, True)]
        if part == _ANYTHING or (part == _NAME and character != "/"):
            return [(number, False)]
        if isinstance(part, re.Pattern):
            return [(number + 1, False)] if part.fullmatch(character) else []
        return [(number + 1, False)] if part == character else []

    def _skipping(self, places: set[tuple[int, bool]]) -> set[tuple[int, bool]]:
        """The same places, and those behind parts that may stand for nothing."""
        todo = list(places)
        while todo:
            number, is_inside = todo.pop()
            may_end = number < len(self._parts) and self._parts[number] in (_FOLDERS, _ANYTHING, _NAME)
            if may_end and not is_inside and (number + 1, False) not in places:
                places.add((number + 1, False))
                todo.append((number + 1, False))
        return places


def _literal_or_set(part: str) -> str | re.Pattern[str]:
    """A part of a pattern; those that stand for one of several characters as an expression for one character."""
    if part == "?":
        return re.compile("[^/]")
    if len(part) == 1 or part in (_FOLDERS, _ANYTHING):
        return part
    is_negated = part.startswith("[!")
    inside = re.escape(part[2 if is_negated else 1 : -1]).replace(r"\-", "-")
    try:
        return re.compile(f"[{'^' if is_negated else ''}{inside}]")
    except re.error:  # a range that runs backwards
        return re.compile("(?!)")
