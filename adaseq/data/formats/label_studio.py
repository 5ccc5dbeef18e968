"""What Label Studio exports (https://labelstud.io/guide/export): JSON with whole tasks, or JSON-MIN."""

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

_LABELS = ("labels", "hypertextlabels")


@FORMATS.register(Formats.LABEL_STUDIO)
class LabelStudioFormat(AnnotatedTextFormat):
    """A list of tasks, each with a text, and in its `annotations` entities, relations or choices; or the form JSON-MIN.

    Of several annotations of a text the first that was not cancelled counts. Texts without any are left out.

    Args:
        text_key: the key of the text in the data of a task, which is what `$text` in the labeling interface names.
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
        self._left_out = 0

    def notes(self) -> dict[str, Any]:
        left_out = [f"{self._left_out} texts without annotation were left out"] if self._left_out else []
        return {"warnings": [*super().notes()["warnings"], *left_out]}

    def _examples(self, path: Path) -> Iterator[Example]:
        for record in read_objects(self, path):
            annotated = self._task(record) if "data" in record.values else self._minimal(record)
            if annotated is None:
                self._left_out += 1
            else:
                yield from self.examples_of(record, annotated)

    def _task(self, record: Record) -> AnnotatedText | None:
        """A whole task; None if it is not annotated."""
        data = record.get("data", dict, "an object")
        text = type(record)(record.path, record.line, data).get(self.text_key, str, "a string")
        key = "completions" if "completions" in record.values else "annotations"  # the older name
        results = None
        for annotation in record.get(key, list, "a list of annotations"):
            if not isinstance(annotation, dict):
                raise record.error(f"an annotation must be an object, not {shown(annotation)}")
            if not annotation.get("was_cancelled"):
                results = annotation.get("result")
                break
        if results is None:
            return None
        if not isinstance(results, list):
            raise record.error(f"the result of an annotation must be a list, not {shown(results)}")
        entities: dict[Any, Entity] = {}
        relations: list[Relation] = []
        labels: list[str] | None = None
        for number, result in enumerate(results):
            if not isinstance(result, dict):
                raise record.error(f"a result must be an object, not {shown(result)}")
            kind = result.get("type")
            if kind in _LABELS:
                name = _id(record, result.get("id", f"#{number}"))
                entity = _entity(record, _value(record, result), text, str(kind))
                entities[name] = _joined(record, name, entities[name], entity) if name in entities else entity
            elif kind == "choices":
                labels = [*(labels or []), *_strings(record, _value(record, result).get("choices"), "choices")]
            elif kind == "relation":
                relations += _relations(record, result)
        return AnnotatedText(_name(record), text, entities, relations, labels and list(dict.fromkeys(labels)))

    def _minimal(self, record: Record) -> AnnotatedText | None:
        """A task in the form JSON-MIN: a key for each control of the labeling interface."""
        text = record.get(self.text_key, str, "a string")
        entities: dict[Any, Entity] = {}
        labels: list[str] | None = None
        is_annotated = False
        for key, value in record.values.items():
            if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
                is_annotated = True
                for each in value:
                    if "labels" in each or "hypertextlabels" in each:
                        entities[f"#{len(entities)}"] = _entity(record, each, text, _LABELS["labels" not in each])
            elif isinstance(value, dict) and "choices" in value:
                labels = _strings(record, value["choices"], "choices")
            elif key in ("choice", "sentiment", "label") and isinstance(value, str):
                labels = [value]
        if not is_annotated and labels is None:
            return None
        return AnnotatedText(_name(record), text, entities, [], labels)


def _name(record: Record) -> str | None:
    own = record.values.get("id")
    return None if own is None else str(own)


def _value(record: Record, result: dict[str, Any]) -> dict[str, Any]:
    value = result.get("value")
    if not isinstance(value, dict):
        raise record.error(f"a result has no 'value': {shown(result)}")
    return value


def _entity(record: Record, value: dict[str, Any], text: str, kind: str) -> Entity:
    places = value.get("globalOffsets") if isinstance(value.get("globalOffsets"), dict) else value
    bounds = [places.get(key) for key in ("start", "end")]  # type: ignore[union-attr]
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in bounds):
        raise record.error(f"an entity must have start and end as whole numbers of characters, not {shown(value)}")
    start, end = _as_written(record, text, int(bounds[0] or 0), int(bounds[1] or 0), value.get("text"))
    types = _strings(record, value.get(kind), kind)
    if not types:
        raise record.error(f"the entity from character {start} to {end} has no label")
    return Entity(start, end, tuple(types))


def _joined(record: Record, name: Any, one: Entity, other: Entity) -> Entity:
    """Two results with the same id: what several controls of the labeling interface say about one range."""
    if (one.start, one.end) != (other.start, other.end):
        raise record.error(f"two entities have the id {name!r}")
    return one._replace(types=tuple(dict.fromkeys((*one.types, *other.types))))


def _as_written(record: Record, text: str, start: int, end: int, surface: Any) -> tuple[int, int]:
    """The range that holds what the export says is in it: browsers count some characters twice, old versions include the end."""
    if not isinstance(surface, str) or text[start:end] == surface:
        return start, end
    if text[start : end + 1] == surface:
        return start, end + 1
    units = text.encode("utf-16-le", "surrogatepass")
    if 0 <= start < end <= len(units) // 2:
        before, inside = (units[2 * a : 2 * b].decode("utf-16-le", "replace") for a, b in ((0, start), (start, end)))
        if inside == surface:
            return len(before), len(before) + len(inside)
    raise record.error(
        f"'{surface[:60]}' is said to be from character {start} to {end}, but there is '{text[start:end][:60]}'"
    )


def _relations(record: Record, result: dict[str, Any]) -> list[Relation]:
    subject, object_ = _id(record, result.get("from_id")), _id(record, result.get("to_id"))
    labels = _strings(record, result.get("labels"), "labels")
    if not labels:
        raise record.error("a relation has no label: relations are told apart by their labels")
    direction = result.get("direction", "right")
    if direction not in ("right", "left", "bi"):
        raise record.error(f"the direction of a relation is right, left or bi, not {shown(direction)}")
    pairs = {
        "right": [(subject, object_)],
        "left": [(object_, subject)],
        "bi": [(subject, object_), (object_, subject)],
    }
    return [Relation(*pair, label) for pair in pairs[direction] for label in labels]


def _strings(record: Record, value: Any, what: str) -> list[str]:
    values = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(values, list) or not all(isinstance(each, str) and each for each in values):
        raise record.error(f"the {what} must be a list of strings, not {shown(value)}")
    return values


def _id(record: Record, value: Any) -> Any:
    if not isinstance(value, (str, int)):
        raise record.error(f"an id must be a number or a string, not {shown(value)}")
    return value
