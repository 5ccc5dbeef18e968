from __future__ import annotations

from typing import Any

import pytest

from adaseq.data.example import Example, labels_of
from adaseq.data.label_map import LabelMap
from adaseq.errors import AdaSeqError


def mapped(entries: dict[str, str | None], *spans: Any, is_plain: bool = False, **fields: Any) -> list[Example]:
    example = Example("0", ["a", "b", "c"], list(spans), fields=fields)
    return list(LabelMap(entries).apply(iter([example]), lambda: is_plain))


def span(kind: str, start: int = 0, end: int = 1, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "type": kind, **more}


def test_labels_are_renamed_merged_and_dropped() -> None:
    entries = {"PERSON": "PER", "(.*)part": r"\1", "MISC.*": None}
    (example,) = mapped(entries, span("PERSON"), span("LOCpart", 1, 2), span("MISCderiv", 2, 3), span("ORG", 1, 3))
    assert labels_of(example) == ["PER", "LOC", "ORG"]


def test_a_label_wins_over_an_expression_and_the_first_expression_over_others() -> None:
    assert [LabelMap({".*": "X", "A": "Y"})(label) for label in ("A", "B")] == ["Y", "X"]
    assert LabelMap({"A.": "1", ".B": "2"})("AB") == "1"


def test_labels_can_change_places() -> None:
    (example,) = mapped({"A": "B", "B": "A"}, span("A"), span("B", 1, 2))
    assert labels_of(example) == ["B", "A"]


def test_signs_in_labels_are_signs() -> None:
    entries = {"Cause-Effect(e1,e2)": "cause", "C++": "cpp"}
    assert [LabelMap(entries)(label) for label in ("Cause-Effect(e1,e2)", "C++", "C")] == ["cause", "cpp", "C"]


def test_spans_that_become_the_same_count_once() -> None:
    (example,) = mapped({"[AB]": "X"}, span("A"), span("B"), span("B", 1, 2))
    assert example.spans == [span("X"), span("X", 1, 2)]


def test_types_candidates_and_allowed_types_are_mapped() -> None:
    (example,) = mapped(
        {"poet": "person", "thing": None},
        span("", types=["poet", "person", "thing"], candidates=["thing", "poet"]),
        span("PARTIAL", 1, 2, allowed=["poet", "place", "thing"]),
        span("PARTIAL", 2, 3, allowed=["poet", "thing"]),
        span("PARTIAL", 0, 3),
    )
    assert example.spans == [
        span("", types=["person"], candidates=["person"]),
        span("PARTIAL", 1, 2, allowed=["person", "place"]),
        span("person", 2, 3),
        span("PARTIAL", 0, 3),
    ]


def test_a_mention_without_types_stays() -> None:
    (example,) = mapped({".*": None}, span("", types=["a"]))
    assert example.spans == [span("", types=[])]


def test_a_word_that_loses_its_label_becomes_context() -> None:
    (example,) = mapped({"B": None}, span("A"), span("B", 1, 2), span("A", 2, 3), is_plain=True)
    assert example.mask == [True, False, True] and len(example.spans) == 2


def test_examples_without_a_label_are_left_out() -> None:
    label_map = LabelMap({"x": None})
    examples = [
        Example(str(i), ["a"], fields={"label": label}) for i, label in enumerate(["x", "y", ["x", "z"], ["x"]])
    ]
    kept = list(label_map.apply(iter([*examples, Example("4", ["a"])]), lambda: False))
    assert [example.fields.get("label") for example in kept] == ["y", ["z"], None]
    assert label_map.notes() == {"label_map": {"x": 3}, "left_out": 2}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"A": ""}, "dataset.label_map.A is '', which is no label; null drops the label"),
        ({"A": "PARTIAL"}, "dataset.label_map.A is 'PARTIAL', which is no label; null drops the label"),
        ({"PARTIAL": "A"}, "dataset.label_map: PARTIAL marks words that are not annotated; it is no label"),
        (
            {"(a+)+": "x"},
            "dataset.label_map: the expression '(a+)+' is refused: a repetition stands inside another one, which may take for ever",
        ),
    ],
)
def test_maps_that_are_refused(entries: dict[str, str], message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        LabelMap(entries)
    assert str(caught.value) == message


def test_an_empty_group_is_no_label() -> None:
    with pytest.raises(AdaSeqError, match=r"label_map\.\(\.\*\)x makes an empty label of 'x'; null drops the label"):
        LabelMap({"(.*)x": r"\1"})("x")
