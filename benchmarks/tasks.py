"""The data of every task, made of the same sentences with entities: what is compared does not depend on what is learned."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from adaseq.data.example import Example
from adaseq.registry import FORMATS
from adaseq.utils.tag_schemes import spans_to_tags

UNKNOWN = "UNK"
_UNKNOWN_SHARE = 0.3
_ENTITY = "entity"


class Task(NamedTuple):
    """A task and its data.

    Attributes:
        name: as a configuration names it.
        dataset: the options of its format.
        write: from sentences to the content of a file.
    """

    name: str
    dataset: dict[str, Any]
    write: Callable[[Iterable[Example]], Iterator[str]]


def read(path: Path, limit: int | None = None) -> list[Example]:
    """The first sentences with words of a CoNLL file."""
    return list(islice((each for each in FORMATS.build("conll").read(path) if each.tokens), limit))


def write(task: str, examples: Iterable[Example], path: Path) -> dict[str, Any]:
    """Write the training file of a task.

    Returns:
        The task and the `dataset` section for it.
    """
    chosen = TASKS[task]
    with path.open("w", encoding="utf-8") as file:
        file.writelines(chosen.write(examples))
    return {"task": chosen.name, "dataset": {"data_file": {"train": str(path)}, **chosen.dataset}}


def _tags(examples: Iterable[Example]) -> Iterator[str]:
    for example in examples:
        tags = spans_to_tags(example.spans, len(example.tokens), "BIO")
        yield _columns(example, tags)


def _some_tags(examples: Iterable[Example]) -> Iterator[str]:
    """Some words outside of entities are not annotated."""
    draw = random.Random(42)
    for example in examples:
        tags = spans_to_tags(example.spans, len(example.tokens), "BIO")
        yield _columns(example, [UNKNOWN if tag == "O" and draw.random() < _UNKNOWN_SHARE else tag for tag in tags])


def _columns(example: Example, tags: Iterable[str]) -> str:
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(example.tokens, tags, strict=True)) + "\n"


def _mentions(examples: Iterable[Example]) -> Iterator[str]:
    """Every entity has two types, its own and one that all have."""
    for example in examples:
        mentions = [
            {"start": each["start"], "end": each["end"], "type": [each["type"], _ENTITY]} for each in example.spans
        ]
        if mentions:
            yield _line({"text": example.tokens, "label": mentions})


def _pairs(examples: Iterable[Example]) -> Iterator[str]:
    """The relation of the first and the last entity is what they are; of one entity with itself, if there is no other."""
    for example in examples:
        if example.spans:
            first, last = example.spans[0], example.spans[-1]
            ends = {"subject": [first["start"], first["end"]], "object": [last["start"], last["end"]]}
            yield _line({"tokens": example.tokens, **ends, "label": f"{first['type']}-{last['type']}"})


def _texts(examples: Iterable[Example]) -> Iterator[str]:
    """The class of a text is the type of its first entity."""
    for example in examples:
        yield f"{example.spans[0]['type'] if example.spans else 'none'} {' '.join(example.tokens)}\n"


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


_TYPING = {"data_type": "entity_typing"}
TASKS = {
    "entities": Task("named-entity-recognition", {"data_type": "conll"}, _tags),
    "partial": Task("named-entity-recognition", {"data_type": "conll", "partial_label": UNKNOWN}, _some_tags),
    "typing": Task("entity-typing", _TYPING, _mentions),
    "typing by mention": Task("entity-typing", {**_TYPING, "encoding_format": "concat"}, _mentions),
    "relations": Task("relation-extraction", {"data_type": "relation_json"}, _pairs),
    "texts": Task("text-classification", {"data_type": "label_lines", "text_splitter": "blank"}, _texts),
}
