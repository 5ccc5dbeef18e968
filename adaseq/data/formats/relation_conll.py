"""CoNLL columns with markers around the two entities of a relation, as AdaSeq 0.6 read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.annotation import CONTEXT_TAG, END_OF_SENTENCE
from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.data.formats.columns import Rows, WiderLines, check_delimiter, find_delimiter, read_rows
from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import NO_RELATION, OBJECT_MARKERS, SUBJECT_MARKERS, Formats
from adaseq.registry import FORMATS

_ENTITIES = {"subject": SUBJECT_MARKERS, "object": OBJECT_MARKERS}
_MARKERS = {marker: (name, place) for name, pair in _ENTITIES.items() for place, marker in enumerate(pair)}


@FORMATS.register(Formats.RELATION_CONLL)
class RelationConllFormat(Format):
    """One word per line; `<E>` and `</E>` stand around the subject, `<O>` and `</O>` around the object, as words.

    The tag of the first of these markers is the relation; without any marker it is `None`. Words tagged `X`, and all from a
    word `<EOS>` on, are context.

    Args:
        delimiter: what stands between the columns: tab, space, or any string; found out by default, as for conll.
        token_column: the column of the words; the first is 0, the last -1.
        label_column: the column of the tags.
    """

    records = "blocks"

    def __init__(
        self,
        delimiter: str | None = None,
        token_column: int = 0,
        label_column: int = -1,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(encoding)
        self.delimiter = check_delimiter(delimiter)
        if token_column == label_column:
            raise AdaSeqError(f"token_column and label_column are both {token_column}; words and tags need two columns")
        self.token_column = token_column
        self.label_column = label_column
        self._wider = WiderLines()
        self._count = 0

    def notes(self) -> dict[str, Any]:
        return {"warnings": self._wider.warnings()}

    def _examples(self, path: Path) -> Iterator[Example]:
        delimiter = find_delimiter(self, path) if self.delimiter is None else self.delimiter
        needed = max(2, *(n + 1 if n >= 0 else -n for n in (self.token_column, self.label_column)))
        for sentence in read_rows(self, path, delimiter, needed, self._wider):
            yield self._example(path, sentence)
            self._count += 1

    def _example(self, path: Path, sentence: Rows) -> Example:
        tokens: list[str] = []
        mask: list[bool] = []
        fields: dict[str, Any] = dict(sentence.fields)
        found: dict[str, list[int]] = {}
        is_context = False
        for line, row in enumerate(sentence.rows, sentence.line):
            word, tag = row[self.token_column], row[self.label_column].strip()
            if not word or not tag:
                raise DataError(f"the {'word' if not word else 'tag'} is empty", path, line)
            if word in _MARKERS:
                if not found:
                    fields["label"] = tag
                self._mark(found, word, len(tokens), path, line)
                continue
            is_context |= word == END_OF_SENTENCE
            tokens.append(word)
            mask.append(not is_context and tag != CONTEXT_TAG)
        for name, places in found.items():
            if len(places) < 2:
                raise DataError(f"the {name} has no end, {_ENTITIES[name][1]}", path, sentence.line)
            fields[name] = places
        if not tokens:
            raise DataError("the sentence has no word beside its markers", path, sentence.line)
        fields.setdefault("label", NO_RELATION)
        origin = f"{path}:{sentence.line}"
        return Example(str(self._count), tokens, [], None if all(mask) else mask, origin=origin, fields=fields)

    def _mark(self, found: dict[str, list[int]], marker: str, position: int, path: Path, line: int) -> None:
        name, place = _MARKERS[marker]
        places = found.setdefault(name, [])
        if len(places) != place:
            why = (
                f"stands twice; a sentence has one {name}"
                if not place or len(places) > 1
                else f"has no {_ENTITIES[name][0]} before it"
            )
            raise DataError(f"{marker} {why}", path, line)
        if place and places[0] == position:
            raise DataError(f"there is no word between {_ENTITIES[name][0]} and {marker}", path, line)
        places.append(position)
