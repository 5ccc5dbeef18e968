"""What doccano and Label Studio export."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from adaseq.data.example import Example
from adaseq.errors import DataError
from adaseq.registry import FORMATS


def read(path: Path, content: Any, **block: Any) -> list[Example]:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return list(FORMATS.build(block).read(path))


def surfaces(example: Example) -> list[tuple[str, str]]:
    assert example.text is not None and example.offsets is not None
    places = [(example.offsets[span["start"]][0], example.offsets[span["end"] - 1][1]) for span in example.spans]
    return [(example.text[a:b], span["type"]) for (a, b), span in zip(places, example.spans, strict=True)]


RELATED = {
    "id": 4,
    "text": "Ada saw Rome and Bern",
    "entities": [
        {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3},
        {"id": 2, "label": "LOC", "start_offset": 8, "end_offset": 12},
        {"id": 3, "label": "LOC", "start_offset": 17, "end_offset": 21},
    ],
    "relations": [{"id": 7, "from_id": 1, "to_id": 2, "type": "saw"}],
}


def test_doccano_entities(tmp_path: Path) -> None:
    lines = [{"text": "Ada Lovelace 在北京", "label": [[4, 12, "NAME"], [14, 16, "LOC"], [0, 12, "PER"]]}, RELATED]
    first, second = read(tmp_path / "a", "\n".join(map(json.dumps, lines)), type="doccano")
    assert surfaces(first) == [("Ada Lovelace", "PER"), ("Lovelace", "NAME"), ("北京", "LOC")]
    assert surfaces(second) == [("Ada", "PER"), ("Rome", "LOC"), ("Bern", "LOC")] and second.id == "4"


def test_an_entity_inside_a_word_is_kept_exactly(tmp_path: Path) -> None:
    (example,) = read(tmp_path / "a", {"text": "overfitting", "label": [[4, 7, "X"]]}, type="doccano")
    assert example.tokens == ["over", "fit", "ting"] and surfaces(example) == [("fit", "X")]


def test_doccano_relations(tmp_path: Path) -> None:
    (example,) = read(tmp_path / "a", RELATED, type="doccano", relations=True)
    assert example.fields == {"label": "saw", "subject": [0, 1], "object": [2, 3]} and example.id == "4-0"
    several = read(tmp_path / "a", RELATED, type="doccano", relations=True, no_relation=True)
    assert [each.fields["label"] for each in several] == ["saw", *["None"] * 5]


def test_doccano_labels_of_texts(tmp_path: Path) -> None:
    lines = [{"text": "a", "label": ["x"]}, {"text": "b", "label": ["x", "y"]}, {"text": "c", "label": []}]
    examples = read(tmp_path / "a", "\n".join(map(json.dumps, lines)), type="doccano")
    assert [each.fields.get("label") for each in examples] == ["x", ["x", "y"], None]


def test_mentions_with_several_types(tmp_path: Path) -> None:
    record = {"text": "Ada", "label": [[0, 3, "poet"], [0, 3, "person"]]}
    (example,) = read(tmp_path / "a", record, type="doccano", multi_type=True)
    assert example.spans == [{"start": 0, "end": 1, "type": "", "types": ["poet", "person"]}]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text": "a"}, "there is none of 'entities', 'label', 'labels', 'annotations'; is this an export of doccano?"),
        ({"text": "a", "label": [[0, 1]]}, "an entity must be [start, end, type], not [0, 1]"),
        ({"text": "a", "label": [[0, 2, "X"]]}, "the entity from character 0 to 2 is not within the 1 characters"),
        (
            {"text": "a", "annotations": [{"label": 4, "start_offset": 0, "end_offset": 1}]},
            (
                "the type of an entity must be a string, not 4; old exports have numbers there, export again as JSONL with text "
                "labels"
            ),
        ),
        (
            {**RELATED, "relations": [{"from_id": 1, "to_id": 9, "type": "x"}]},
            "a relation 'x' names the entity 9, which is not there",
        ),
    ],
)
def test_bad_records_of_doccano(tmp_path: Path, record: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", record, type="doccano", relations="relations" in record)
    assert str(caught.value) == f"{tmp_path / 'a'}:1: {message}"


TASK: dict[str, Any] = {
    "id": 11,
    "data": {"text": "😀 Ada saw Rome"},
    "annotations": [
        {"was_cancelled": True, "result": []},
        {
            "result": [
                # A browser counts the smiling face twice.
                {
                    "id": "a",
                    "type": "labels",
                    "value": {"start": 3, "end": 6, "text": "Ada", "labels": ["PER", "POET"]},
                },
                {"id": "b", "type": "labels", "value": {"start": 10, "end": 14, "labels": ["LOC"]}},
                {"type": "choices", "value": {"choices": ["trip"]}},
                {"type": "relation", "from_id": "a", "to_id": "b", "direction": "left", "labels": ["seen-by"]},
            ]
        },
    ],
}


def test_label_studio_tasks(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(json.dumps([TASK, {**TASK, "annotations": []}], indent=2), encoding="utf-8")
    reader = FORMATS.build({"type": "label_studio"})
    (example,) = reader.read(path)
    assert surfaces(example) == [("Ada", "PER"), ("Ada", "POET"), ("Rome", "LOC")]
    assert example.fields == {"label": "trip"} and example.id == "11"
    assert reader.notes()["warnings"] == ["1 texts without annotation were left out"]


def test_label_studio_relations_have_a_direction(tmp_path: Path) -> None:
    (example,) = read(tmp_path / "a", [TASK], type="label_studio", relations=True)
    subject, object_ = (example.tokens[slice(*example.fields[name])] for name in ("subject", "object"))
    assert (subject, object_, example.fields["label"]) == (["Rome"], ["Ada"], "seen-by")
    both = copy.deepcopy(TASK)
    both["annotations"][1]["result"][-1]["direction"] = "bi"
    assert len(read(tmp_path / "a", [both], type="label_studio", relations=True)) == 2


def test_label_studio_json_min(tmp_path: Path) -> None:
    tasks = [
        {
            "id": 1,
            "text": "Ada ran",
            "label": [{"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}],
            "annotator": 1,
        },
        {"id": 2, "text": "good", "sentiment": "pos"},
        {"id": 3, "text": "good", "topic": {"choices": ["a", "b"]}},
        {"id": 4, "text": "nothing yet"},
    ]
    first, second, third = read(tmp_path / "a", tasks, type="label_studio")
    assert surfaces(first) == [("Ada", "PER")]
    assert second.fields["label"] == "pos" and third.fields["label"] == ["a", "b"]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("value", "end"), 9, "'Ada' is said to be from character 3 to 9, but there is 'da saw'"),
        (("value", "labels"), [], "the entity from character 2 to 5 has no label"),
        (
            ("value", "start"),
            "x",
            (
                'an entity must have start and end as whole numbers of characters, not {"start": "x", "end": 6, '
                '"text": "Ada", "labels": ["PER",…'
            ),
        ),
        (("value",), 3, 'a result has no \'value\': {"id": "a", "type": "labels", "value": 3}'),
    ],
)
def test_bad_tasks(tmp_path: Path, place: tuple[str, ...], value: Any, message: str) -> None:
    task = copy.deepcopy(TASK)
    target = task["annotations"][1]["result"][0]
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a", [TASK, task], type="label_studio")
    assert str(caught.value) == f"{tmp_path / 'a'}:2: record 2 of the list: {message}"


def test_results_of_label_studio_with_the_same_id(tmp_path: Path) -> None:
    # Several controls of the labeling interface speak about the same range.
    task = copy.deepcopy(TASK)
    results = task["annotations"][1]["result"]
    results.insert(1, {**results[1], "id": "a", "value": {"start": 2, "end": 5, "labels": ["SINGER"]}})
    (example,) = read(tmp_path / "a", [task], type="label_studio")
    assert surfaces(example) == [("Ada", "PER"), ("Ada", "POET"), ("Ada", "SINGER"), ("Rome", "LOC")]
    results[1]["value"] = {"start": 9, "end": 13, "labels": ["LOC"]}
    with pytest.raises(DataError, match="1: record 1 of the list: two entities have the id 'a'"):
        read(tmp_path / "a", [task], type="label_studio")
