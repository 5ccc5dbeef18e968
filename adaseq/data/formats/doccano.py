"""What doccano exports as JSON Lines (https://doccano.github.io/doccano/): entities, relations, or labels of texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.example import Example
from adaseq.data.formats.annotated_text import AnnotatedText, AnnotatedTextFormat, Entity, Relation
from adaseq.data.formats.json_documents import read_objects
from adaseq.data.formats.json_lines import Record, shown
from adaseq.data.formats.raw_text import SplitterName
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS

_ENTITY_KEYS = ("entities", "label", "labels", "annotations")
_TYPE_KEYS = ("label", "type")


@FORMATS.register(Formats.DOCCANO)
class DoccanoFormat(AnnotatedTextFormat):
    """An object per line with a text and what is annotated in it: `{"text": "…", "label": [[0, 5, "PER"]]}`.

    Also read are `entities` and `relations`, and texts with labels of their own, `{"text": "…", "label": ["sport"]}`.
    Entities are counted in characters, the end is not included.

    Args:
        text_key: the key of the text.
    """

    def __init__(
        self,
        text_key: str = "text",
        relations: bool = False,
        no_relation: bool = False,
        multi_type: bool = False,
        text_splitter: SplitterName = "word",
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(relations, no_relation, multi_type, text_splitter, encoding)
        self.text_key = text_key

    def _examples(self, path: Path) -> Iterator[Example]:
        for record in read_objects(self, path):
            yield from self.examples_of(record, self._annotated(record))

    def _annotated(self, record: Record) -> AnnotatedText:
        text = record.get(self.text_key, str, "a string")
        entities: dict[Any, Entity] = {}
        labels: list[str] | None = None
        key = next((key for key in _ENTITY_KEYS if isinstance(record.values.get(key), (list, str))), None)
        if key is None:
            raise record.error(f"there is none of {', '.join(map(repr, _ENTITY_KEYS))}; is this an export of doccano?")
        given = record.values[key]
        items = [given] if isinstance(given, str) else given
        if items and all(isinstance(each, str) for each in items):
            labels = list(dict.fromkeys(items))
        else:
            for number, item in enumerate(items):
                name, entity = _entity(record, item)
                name = f"#{number}" if name is None else name
                if name in entities:
                    raise record.error(f"two entities have the id {name!r}")
                entities[name] = entity
        own = record.values.get("id")
        return AnnotatedText(None if own is None else str(own), text, entities, _relations(record), labels)


def _entity(record: Record, item: Any) -> tuple[Any, Entity]:
    """The id of an entity, and the entity."""
    if isinstance(item, list) and len(item) == 3:
        name, (start, end, kind) = None, item
    elif isinstance(item, dict):
        name = _id(record, item.get("id"))
        start, end = (item.get(f"{key}_offset", item.get(key)) for key in ("start", "end"))
        kind = next((item[key] for key in _TYPE_KEYS if key in item), None)
    else:
        raise record.error(f"an entity must be [start, end, type], not {shown(item)}")
    for what, value in (("start", start), ("end", end)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise record.error(f"the {what} of an entity must be a whole number, not {shown(value)}")
    if not isinstance(kind, str) or not kind:
        number = (
            "; old exports have numbers there, export again as JSONL with text labels" if isinstance(kind, int) else ""
        )
        raise record.error(f"the type of an entity must be a string, not {shown(kind)}{number}")
    return name, Entity(start, end, (kind,))


def _relations(record: Record) -> list[Relation]:
    relations = []
    given = record.values.get("relations") or []
    for item in given if isinstance(given, list) else [given]:
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            raise record.error(f"a relation must have from_id, to_id and type, not {shown(item)}")
        relations.append(Relation(_id(record, item.get("from_id")), _id(record, item.get("to_id")), item["type"]))
    return relations


def _id(record: Record, value: Any) -> Any:
    if value is not None and not isinstance(value, (str, int)):
        raise record.error(f"an id must be a number or a string, not {shown(value)}")
    return value
