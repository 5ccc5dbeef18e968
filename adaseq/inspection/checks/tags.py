"""Checks of tags as they stand in the file."""

from __future__ import annotations

from adaseq.data.annotation import END_OF_SENTENCE
from adaseq.inspection.checks.base import Check
from adaseq.inspection.reading import Item
from adaseq.inspection.tag_repair import as_read, illegal_places
from adaseq.inspection.text import shown


class TransitionCheck(Check):
    """Looks for tags that stand where their scheme does not allow them."""

    def look(self, item: Item) -> None:
        if item.scheme is None:
            return
        for tags in item.levels:
            self._check(item, item.scheme, tags)

    def _check(self, item: Item, scheme: str, tags: list[str]) -> None:
        if END_OF_SENTENCE in item.example.tokens:
            tags = tags[: item.example.tokens.index(END_OF_SENTENCE)]
        places = illegal_places(tags, scheme, item.free_tags)
        if not places:
            return
        written = as_read(tags, scheme, item.free_tags)
        for word in places:
            left = f"behind {shown(tags[word - 1])}" if word else "at the beginning"
            right = f"before {shown(tags[word + 1])}" if word + 1 < len(tags) else "at the end"
            what = f"{shown(tags[word])} {left} and {right}"
            is_changed = written[word] != tags[word]
            fix = f"it is read as {shown(written[word])}" if is_changed else "look at its neighbours"
            self.findings.add("illegal-transition", item.place(f"{what}, in {scheme}", word, fix=fix))
