"""The format of SemEval-2010 task 8 (Hendrickx et al. 2010): sentences with two marked entities and the relation between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.data.formats.json_lines import Record
from adaseq.data.formats.raw_text import SplitterName, TextCutter, words_at
from adaseq.errors import DataError
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS

_SENTENCE = re.compile(r"([0-9]+)\s+(\S.*)")
_TAGS = ("<e1>", "</e1>", "<e2>", "</e2>")
_TAG = re.compile("|".join(map(re.escape, _TAGS)))
_DIRECTION = re.compile(r"(.*\S)\s*\(\s*(e[12])\s*,\s*(e[12])\s*\)")


@FORMATS.register(Formats.MARKED_PAIRS)
class MarkedPairsFormat(Format):
    """Blocks of a number and a sentence with `<e1>…</e1>` and `<e2>…</e2>`, a line with the relation, and a comment.

    The first entity is the subject, the second the object. `Cause-Effect(e2,e1)` is a label as it stands.

    Args:
        direction_in_label: keep the direction in the label; without it, the label is `Cause-Effect`, and the subject is the
            entity that is named first in it.
        text_splitter: how a sentence becomes words: char, word or blank.
    """

    records = "blocks"

    def __init__(
        self, direction_in_label: bool = True, text_splitter: SplitterName = "word", encoding: str = "utf-8"
    ) -> None:
        super().__init__(encoding)
        self.direction_in_label = direction_in_label
        self._cutter = TextCutter(text_splitter)

    def notes(self) -> dict[str, Any]:
        return {"warnings": self._cutter.warnings()}

    def _examples(self, path: Path) -> Iterator[Example]:
        block: list[tuple[int, str]] = []
        for number, line in enumerate(self.lines(path), 1):
            line = line.strip()
            if not line:
                if block:
                    yield self._example(path, block)
                block = []
            elif block and _SENTENCE.fullmatch(line) and _TAG.search(line):
                raise DataError(
                    "a new sentence without a blank line, or without the relation of the one before it", path, number
                )
            else:
                block.append((number, line))
        if block:
            yield self._example(path, block)

    def _example(self, path: Path, block: list[tuple[int, str]]) -> Example:
        first, line = block[0]
        match = _SENTENCE.fullmatch(line)
        if match is None:
            raise DataError('a number and a sentence are needed: 1\\t"The <e1>…</e1> … <e2>…</e2> …"', path, first)
        rest = [each for each in block[1:] if not each[1].startswith("Comment")]
        if not rest:
            raise DataError("the sentence has no relation on the line below it", path, first)
        if len(rest) > 1:
            raise DataError("a second relation, or the end of a comment, on a line of its own", path, rest[1][0])
        record = Record(path, first, {})
        text, ranges = _unmarked(record, match[2])
        label, is_turned = self._label(Record(path, rest[0][0], {}), rest[0][1])
        words = self._cutter.words(record, text, ranges.values())
        names = ("object", "subject") if is_turned else ("subject", "object")
        fields: dict[str, Any] = {"label": label}
        for name, entity in zip(names, ("e1", "e2"), strict=True):
            fields[name] = list(words_at(record, words, *ranges[entity]))
        return Example(match[1], words.tokens, [], None, text, words.offsets, f"{path}:{first}", fields)

    def _label(self, record: Record, line: str) -> tuple[str, bool]:
        """The label, and whether the second entity is the subject."""
        directed = _DIRECTION.fullmatch(line)
        if directed is None:
            if "(" in line or ")" in line:
                raise record.error(
                    f"the direction of a relation is written as in Cause-Effect(e1,e2), not '{line[:60]}'"
                )
            return line, False
        if directed[2] == directed[3]:
            raise record.error(f"a relation is between e1 and e2, not '{line[:60]}'")
        if self.direction_in_label:
            return f"{directed[1]}({directed[2]},{directed[3]})", False
        return directed[1], directed[2] == "e2"


def _unmarked(record: Record, text: str) -> tuple[str, dict[str, tuple[int, int]]]:
    """The sentence without quotation marks around it and without tags, and where its two entities are."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    parts: list[str] = []
    places: dict[str, int] = {}
    last = length = 0
    for match in _TAG.finditer(text):
        parts.append(text[last : match.start()])
        length += len(parts[-1])
        last = match.end()
        if match.group() in places:
            raise record.error(f"{match.group()} stands twice; a sentence has one of each entity")
        places[match.group()] = length
    parts.append(text[last:])
    missing = [tag for tag in _TAGS if tag not in places]
    if missing:
        raise record.error(f"there is no {missing[0]}; both entities are marked: <e1>…</e1>, <e2>…</e2>")
    plain = "".join(parts)
    ranges = {name: (places[f"<{name}>"], places[f"</{name}>"]) for name in ("e1", "e2")}
    return plain, ranges
