"""Values against annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from adaseq.config.document import KEY, Document, Mark
from adaseq.config.validation import INVALID, Field, Section, check_value, describe


class Inner(Section):
    count: Annotated[int, Field(ge=1)] = Field(1, description="how many")
    name: str = Field(description="what it is called")


class Outer(Section):
    inner: Inner | None = None
    several: list[Inner] = Field([])


def check(annotation: Any, value: Any, written: str | None = None) -> tuple[Any, list[str]]:
    document = Document(data={"k": value}, name="c.yaml", texts={("k",): written} if written else {})
    checked = check_value(annotation, value, document, ("k",))
    return checked, [str(problem) for problem in document.problems]


@pytest.mark.parametrize(
    ("annotation", "value", "result"),
    [
        (int, 3, 3),
        (int, "3", 3),
        (int, 3.0, 3),
        (int, "1_000", 1000),
        (float, "2e-5", 2e-5),
        (float, 1, 1.0),
        (bool, "yes", True),
        (bool, "off", False),
        (bool | float, 0.1, 0.1),
        (bool | float, True, True),
        (str, "x", "x"),
        (str | list[str], ["a"], ["a"]),
        (list[float], [1, "2"], [1.0, 2.0]),
        (tuple[float, float], [1, 2], (1.0, 2.0)),
        (Iterable[int], ["3", 4], [3, 4]),
        (Sequence[str], ["a"], ["a"]),
        (dict[int, str], {"0": "O"}, {0: "O"}),
        (Mapping[str, Any], {"a": [1]}, {"a": [1]}),
        (Literal["a", "b"] | None, None, None),
        (Any, object, object),
        (Annotated[int, ["no hash"]], "3", 3),
    ],
)
def test_values_are_converted_as_far_as_nothing_is_lost(annotation: Any, value: Any, result: Any) -> None:
    checked, problems = check(annotation, value)
    assert checked == result and type(checked) is type(result) and not problems


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, "x", "received 'x'; expected a whole number"),
        (int, 1.5, "received 1.5; expected a whole number"),
        (int, True, "received true; expected a number"),
        (float, True, "received true; expected a number"),
        (float, "fast", "received 'fast'; expected a number"),
        (bool, "maybe", "received 'maybe'; expected true or false"),
        (bool, 3, "received 3; expected true or false"),
        (str, [1], "received a list of 1; expected text"),
        (str, None, "received nothing (null); expected text"),
        (list[str], "a", "received 'a'; expected a list"),
        (dict[str, Any], [], "received an empty list; expected a mapping (key: value)"),
        (int, {"a": 1, "b": 2}, "received a mapping with a, b; expected a whole number"),
        (str | list[str], {}, "received a mapping with no keys; expected text or a list"),
        (int | None, "x", "received 'x'; expected a whole number"),
        (bool | float, "x", "received 'x'; expected true or false or a number"),
        (Literal["first", "last"], "frist", "received 'frist'; expected 'first' or 'last'; did you mean 'first'?"),
        (Literal[False], True, "received true; expected false"),
        (Annotated[int, Field(ge=1)], 0, "received 0; expected at least 1"),
        (Annotated[float, Field(gt=0, lt=1)], 1, "received 1; expected less than 1.0"),
        (tuple[float, float], [1], "received a list of 1; expected at least 2 values"),
        (tuple[float, float], [1, 2, 3], "received a list of 3; expected at most 2 values"),
        (Callable[[int], float], "f", "received 'f'; expected a function, which no configuration can hold"),
        (int, "x" * 99, f"received '{'x' * 58}…; expected a whole number"),
    ],
)
def test_wrong_values(annotation: Any, value: Any, message: str) -> None:
    checked, problems = check(annotation, value)
    assert checked is INVALID and problems == [f"c.yaml: k: {message}"]


@pytest.mark.parametrize(
    ("annotation", "value", "path", "message"),
    [
        (list[int], [1, "x"], "k.1", "received 'x'; expected a whole number"),
        (str | list[str], ["a", {}], "k.1", "received a mapping with no keys; expected text"),
        (dict[str, list[int]], {"a": [1, 2.5]}, "k.a.1", "received 2.5; expected a whole number"),
        (list[float], [1, False], "k.1", "received false; expected a number"),
    ],
)
def test_the_innermost_wrong_value_is_reported(annotation: Any, value: Any, path: str, message: str) -> None:
    assert check(annotation, value)[1] == [f"c.yaml: {path}: {message}"]


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (
            {"inner": {"count": 0}, "severall": []},
            [
                "k.inner.count: received 0; expected at least 1",
                "k.inner.name: is required: what it is called",
                "k.severall: unknown key 'severall'; did you mean 'several'? allowed here: inner, several",
            ],
        ),
        (
            {"several": [{"name": "x"}, {"name": "y", "cuont": 1}, 3]},
            [
                "k.several.1.cuont: unknown key 'cuont'; did you mean 'count'? allowed here: count, name",
                "k.several.2: received 3; expected a mapping (key: value)",
            ],
        ),
    ],
)
def test_sections_report_everything_at_once(value: Any, messages: list[str]) -> None:
    assert check(Outer, value)[1] == [f"c.yaml: {message}" for message in messages]


def test_numbers_where_text_is_expected_are_taken_as_they_were_written() -> None:
    assert check(str, 7, written="007") == ("007", [])
    assert check(str | None, True, written="yes")[0] == "yes"
    document = Document(data={"k": {"a": ["x", 1]}}, name="c.yaml", texts={("k", "a", 1): "1e0"})
    assert check_value(dict[str, list[str]], {"a": ["x", 1]}, document, ("k",)) == {"a": ["x", "1e0"]}


def test_numbers_for_keys_are_taken_as_they_were_written() -> None:
    document = Document(data={"k": {7: 1}}, name="c.yaml", texts={("k", 7, KEY): "007"})
    assert check_value(dict[str, int], {7: 1}, document, ("k",)) == {"007": 1}
    assert Document.from_mapping({None: 1, True: 2, 3: 4}).data == {"None": 1, "True": 2, 3: 4}  # type: ignore[dict-item]
    assert check(dict[int, int], {"x": 1})[1] == ["c.yaml: k.x: the key is 'x'; expected a whole number"]
    assert check(Outer, {3: 1})[1] == ["c.yaml: k.3: unknown key '3'; allowed here: inner, several"]


def test_whole_numbers_from_a_program_become_text_and_others_do_not() -> None:
    document = Document.from_mapping({"k": 2024})
    assert check_value(str, 2024, document, ("k",)) == "2024"
    assert check_value(str, 0.1, document, ("k",)) is INVALID


def test_secrets_are_not_shown() -> None:
    document = Document(name="c.yaml", values={("hub_token",): Mark("c.yaml", 1, 2)})
    check_value(str, ["s3cret"], document, ("hub_token",))
    message = "c.yaml:1:2: hub_token: received a value that is not shown here; expected text"
    assert [str(problem) for problem in document.problems] == [message]


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "a whole number"),
        (float | None, "a number"),
        (list[str], "a list"),
        (str | list[str], "text or a list"),
        (Literal["a", "b"], "'a' or 'b'"),
        (Path, "text"),
        (Any, "a value"),
    ],
)
def test_annotations_in_words(annotation: Any, text: str) -> None:
    assert describe(annotation) == text
