"""Values from the command line."""

from __future__ import annotations

from typing import Any

import pytest

from adaseq.config.document import Document, Mark
from adaseq.config.overrides import apply_extra, apply_overrides
from adaseq.config.substitution import Variables


def overridden(*overrides: str, **data: Any) -> Document:
    document = Document.from_mapping(data)
    apply_overrides(document, overrides, Variables({"N": "3"}))
    return document


@pytest.mark.parametrize(
    ("override", "data"),
    [
        ("a=1", {"a": 1}),
        ("a=2e-5", {"a": 2e-5}),
        ("a='2'", {"a": "2"}),
        ("a=[1, {b: x}]", {"a": [1, {"b": "x"}]}),
        ("a=", {"a": None}),
        ("a=null", {"a": None}),
        ("a=x=y", {"a": "x=y"}),
        ("a=${N}", {"a": 3}),
        ("a.b.c=x", {"a": {"b": {"c": "x"}}}),
        ("a.0.b=x", {"a": [{"b": "x"}]}),
    ],
)
def test_values_are_yaml_and_missing_mappings_are_made(override: str, data: dict[str, Any]) -> None:
    document = overridden(override)
    assert document.data == data and not document.problems


@pytest.mark.parametrize(
    ("override", "result"),
    [
        ("hooks.0.n=7", [{"n": 7}, {"n": 2}]),
        ("hooks.1=x", [{"n": 1}, "x"]),
        ("hooks.2.n=7", [{"n": 1}, {"n": 2}, {"n": 7}]),
        ("hooks=[]", []),
    ],
)
def test_numbers_count_in_lists(override: str, result: list[Any]) -> None:
    assert overridden(override, hooks=[{"n": 1}, {"n": 2}]).data == {"hooks": result}


def test_later_ones_win_and_empty_sections_are_filled() -> None:
    assert overridden("train.a=1", "train.a=2", train=None).data == {"train": {"a": 2}}


def test_whole_numbers_find_keys_that_are_whole_numbers() -> None:
    assert overridden("ids.0=B", ids={0: "A"}).data == {"ids": {0: "B"}}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("a", "--set: received 'a'; expected key=value, such as train.optimizer.lr=3e-5"),
        ("=1", "--set: received '=1'; expected key=value, such as train.optimizer.lr=3e-5"),
        ("a..b=1", "--set: received 'a..b=1'; expected key=value, such as train.optimizer.lr=3e-5"),
        ("a={b: 1, b: 2}", "--set a: a.b: the key is given twice"),
        (
            "token.b=1",
            "--set token.b: token.b: there is a value that is not shown here where the path goes on to 'b'; set the value as a whole",
        ),
        ("s.b=1", "--set s.b: s.b: there is 'text' where the path goes on to 'b'; set the value as a whole"),
        (
            "l.5=1",
            "--set l.5: l.5: received '5' for a place in a list; expected a number from 0 to 1 (1 adds one to the list)",
        ),
        (
            "l.x.y=1",
            "--set l.x.y: l.x.y: received 'x' for a place in a list; expected a number from 0 to 1 (1 adds one to the list)",
        ),
        (
            "l.²=1",
            "--set l.²: l.²: received '²' for a place in a list; expected a number from 0 to 1 (1 adds one to the list)",
        ),
        (
            f"l.{'9' * 5000}=1",
            (
                f"--set l.{'9' * 5000}: l.{'9' * 5000}: received '{'9' * 5000}' for a place in a list; expected a number from 0 to 1 "
                "(1 adds one to the list)"
            ),
        ),
        (
            "a=[1",
            "--set a:1:3: no valid YAML: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence)",
        ),
        (
            "a=${NOPE}",
            (
                "--set a: a: the variable 'NOPE' is not set. Set it in the environment, or give it a default: "
                "${NOPE|default}. A dollar sign itself is written $$"
            ),
        ),
    ],
)
def test_mistakes_name_the_flag(override: str, message: str) -> None:
    assert [str(problem) for problem in overridden(override, s="text", l=["x"], token="secret").problems] == [message]


def test_the_place_of_a_value_is_the_flag() -> None:
    document = overridden("a.b=[x]", a={"b": [1, 2], "c": 1})
    assert document.values[("a", "b", 0)] == Mark("--set a.b")
    document.report(("a", "b", 0), "is wrong")
    assert str(document.problems[0]) == "--set a.b: a.b.0: is wrong"


def test_values_of_flags() -> None:
    document = Document.from_mapping({"experiment": {"seed": 1}})
    apply_extra(document, {"experiment.seed": 7, "train.precision": "bf16"})
    assert document.data == {"experiment": {"seed": 7}, "train": {"precision": "bf16"}}
    document.report(("experiment", "seed"), "is wrong")
    assert str(document.problems[0]) == "command line: experiment.seed: is wrong"
