"""What the exports of annotation tools share: a text with entities by characters, relations between them, labels of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, NamedTuple

from adaseq.data.example import Example, Span
from adaseq.data.formats.base import Format, Layout
from adaseq.data.formats.json_documents import layout_of_json
from adaseq.data.formats.json_lines import Record
from adaseq.data.formats.raw_text import SplitterName, TextCutter, words_at
from adaseq.metainfo import NO_RELATION


class Entity(NamedTuple):
    """An annotated range of characters, with all its types."""

    start: int
    end: int
    types: tuple[str, ...]


class Relation(NamedTuple):
    """A relation between two entities, named by their ids."""

    subject: Any
    object: Any
    label: str


class AnnotatedText(NamedTuple):
    """A text as an annotation tool exports it.

    Attributes:
        id: its own, or None.
        text: the text.
        entities: by their ids.
        relations: between entities.
        labels: of the whole text; None if it has no such annotation.
    """

    id: str | None
    text: str
    entities: Mapping[Any, Entity]
    relations: Sequence[Relation]
    labels: list[str] | None


class AnnotatedTextFormat(Format):
    """The base of readers for what annotation tools export.

    Args:
        relations: each relation is an example, with its two entities; texts without relations are left out. With the task
            relation-extraction that is the default.
        no_relation: with relations: also each pair of entities without one is an example, with the label `None`.
        multi_type: entities have lists of types, for entity typing.
        text_splitter: how a text becomes words: char, word or blank; words are cut where an entity begins or ends.
    """

    def __init__(
        self,
        relations: bool = False,
        no_relation: bool = False,
        multi_type: bool = False,
        text_splitter: SplitterName = "word",
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(encoding)
        self.relations = relations
        self.no_relation = no_relation
        self.multi_type = multi_type
        self._cutter = TextCutter(text_splitter)
        self._count = 0

    def notes(self) -> dict[str, Any]:
        return {"warnings": self._cutter.warnings()}

    def layout(self, path: Any) -> Layout:
        return layout_of_json(self, path)

    def examples_of(self, record: Record, annotated: AnnotatedText) -> Iterator[Example]:
        """The examples that a text makes.

        Args:
            record: where it stands.
            annotated: the text with its annotation.
        """
        ranges = {key: (each.start, each.end) for key, each in annotated.entities.items()}
        for start, end in ranges.values():
            if not 0 <= start < end <= len(annotated.text):
                why = (
                    "is empty or runs backwards"
                    if start >= end
                    else f"is not within the {len(annotated.text)} characters"
                )
                raise record.error(f"the entity from character {start} to {end} {why}")
        words = self._cutter.words(record, annotated.text, ranges.values())
        places = {key: words_at(record, words, *each) for key, each in ranges.items()}
        name = annotated.id or str(self._count)
        self._count += 1
        origin = f"{record.path}:{record.line}"
        if not self.relations:
            spans = self._spans(annotated, places)
            fields: dict[str, Any] = {}
            if annotated.labels:
                fields["label"] = annotated.labels[0] if len(annotated.labels) == 1 else annotated.labels
            yield Example(name, words.tokens, spans, None, words.text, words.offsets, origin, fields)
            return
        for number, (subject, object_, label) in enumerate(self._pairs(record, annotated)):
            fields = {"label": label, "subject": list(places[subject]), "object": list(places[object_])}
            yield Example(f"{name}-{number}", words.tokens, [], None, words.text, words.offsets, origin, fields)

    def _spans(self, annotated: AnnotatedText, places: Mapping[Any, tuple[int, int]]) -> list[Span]:
        types: dict[tuple[int, int], dict[str, None]] = {}
        for key, entity in annotated.entities.items():
            types.setdefault(places[key], {}).update(dict.fromkeys(entity.types))
        ordered = sorted(types.items(), key=lambda each: (each[0][0], -each[0][1]))
        if self.multi_type:
            return [{"start": start, "end": end, "type": "", "types": list(kinds)} for (start, end), kinds in ordered]
        return [{"start": start, "end": end, "type": kind} for (start, end), kinds in ordered for kind in kinds]

    def _pairs(self, record: Record, annotated: AnnotatedText) -> Iterator[Relation]:
        entities = annotated.entities
        for relation in annotated.relations:
            for key in (relation.subject, relation.object):
                if key not in entities:
                    raise record.error(f"a relation '{relation.label}' names the entity {key!r}, which is not there")
            yield relation
        if self.no_relation:
            related = {(relation.subject, relation.object) for relation in annotated.relations}
            for subject, object_ in permutations(entities, 2):
                if (subject, object_) not in related:
                    yield Relation(subject, object_, NO_RELATION)
