"""Components against their constructors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from adaseq.config.components import check_component
from adaseq.config.document import Document
from adaseq.config.signatures import signature_of
from adaseq.registry import Lazy, Registry

WHEELS = Registry("wheel", "tests.no_home")
CARS = Registry("car", "tests.no_home", supplied=("road",))


class Wheel:
    """What a car stands on."""

    registry: ClassVar[Registry] = WHEELS


@WHEELS.register("round", "circular", supplied_unless_given=("size",))
class RoundWheel(Wheel):
    """A good one.

    Args:
        size: its diameter.
        material: what it is made of,
            or covered with.
    """

    def __init__(
        self, size: int, material: Literal["rubber", "wood"] = "rubber", spokes: tuple[int, int] = (2, 3)
    ) -> None:
        self.size = size


@CARS.register("small", supplied=("driver",))
class SmallCar:
    """A car.

    Args:
        wheel: the wheel.
        speed: how fast it goes.
    """

    registry: ClassVar[Registry] = CARS

    def __init__(
        self,
        road: str,
        wheel: Wheel,
        speed: float,
        driver: str = "me",
        spare: Lazy[Wheel] | None = None,
        extra: list[Wheel] | None = None,
        hook: Any = print,
    ) -> None:
        self.speed = speed


@CARS.register("open")
class OpenCar:
    """Takes everything."""

    def __init__(self, road: str, **options: Any) -> None:
        self.options = options


@pytest.fixture(autouse=True)
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "_import_home", lambda self: None)


def check(registry: Registry, block: Any) -> tuple[Any, list[str]]:
    document = Document(data={"k": block})
    checked = check_component(document, registry, block, ("k",))
    return checked, [str(problem) for problem in document.problems]


@pytest.mark.parametrize("block", ["round", {"type": "round"}, {"type": "circular"}])
def test_a_name_is_a_block_and_defaults_are_filled_in(block: Any) -> None:
    checked, problems = check(WHEELS, block)
    name = block if isinstance(block, str) else block["type"]
    assert checked == {"type": name, "material": "rubber", "spokes": [2, 3]} and not problems


def test_nested_blocks_are_checked_and_completed() -> None:
    block = {"type": "small", "speed": "3", "wheel": "round", "spare": {"type": "round", "size": 4}, "extra": ["round"]}
    checked, problems = check(CARS, block)
    wheel = {"type": "round", "material": "rubber", "spokes": [2, 3]}
    assert checked == {
        "type": "small",
        "speed": 3.0,
        "wheel": wheel,
        "spare": {**wheel, "size": 4},
        "extra": [wheel],
    }
    assert not problems


def test_null_stands_for_a_default_that_is_null() -> None:
    checked, problems = check(CARS, {"type": "small", "speed": 1, "wheel": "round", "spare": None, "extra": None})
    assert checked["spare"] is None and checked["extra"] is None and not problems


def test_a_key_that_belongs_to_a_part_is_shown_there() -> None:
    _, problems = check(
        CARS, {"type": "small", "material": "wood", "wheel": "round", "speed": 1, "extra": [{}, {"material": "wood"}]}
    )
    assert problems[0].endswith("wheel; there is one below: k.extra.1.material")


def test_everything_wrong_is_reported_at_once() -> None:
    block = {
        "type": "small",
        "whel": "round",
        "road": "A1",
        "driver": "you",
        "spare": {"type": "roound"},
        "extra": [{"type": "round", "material": "wodo"}, 3, {}],
    }
    checked, problems = check(CARS, block)
    known = "known: circular, round"
    own = "A class of your own is named as 'module:Class', or registered in a module listed under 'plugins:'."
    assert checked is None
    assert problems == [
        "k.whel: unknown key 'whel'; did you mean 'wheel'? allowed here: extra, hook, spare, speed, wheel",
        "k.road: is filled in by AdaSeq and cannot be set",
        "k.driver: is filled in by AdaSeq and cannot be set",
        f"k.spare.type: there is no wheel 'roound'; did you mean 'round'? {known}. {own}",
        "k.extra.0.material: received 'wodo'; expected 'rubber' or 'wood'; did you mean 'wood'?",
        "k.extra.1: received 3; expected a wheel: its name, or a mapping with 'type'",
        f"k.extra.2.type: is required: which wheel to use; {known}",
        "k.wheel: 'small' needs it (a wheel): the wheel.",
        "k.speed: 'small' needs it (a number): how fast it goes.",
    ]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ([], "k: received an empty list; expected a wheel: its name, or a mapping with 'type'"),
        ({"type": 3}, "k.type: received 3; expected the name of a wheel"),
        (
            "square",
            (
                "k: there is no wheel 'square'; known: circular, round. A class of your own is named as 'module:Class', or "
                "registered in a module listed under 'plugins:'."
            ),
        ),
        (
            "no_such_module:Wheel",
            (
                "k: the module 'no_such_module' cannot be imported (No module named 'no_such_module'); known: circular, round. A "
                "class of your own is named as 'module:Class', or registered in a module listed under 'plugins:'."
            ),
        ),
        (
            "json:Wheel",
            (
                "k: the module 'json' has no class 'Wheel'; known: circular, round. A class of your own is named as "
                "'module:Class', or registered in a module listed under 'plugins:'."
            ),
        ),
    ],
)
def test_what_is_no_component(block: Any, message: str) -> None:
    assert check(WHEELS, block) == (None, [message])


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "wheels_of_mine.py"
    sys.modules.pop("wheels_of_mine", None)


def test_a_class_of_ones_own_needs_no_registration(own_module: Path) -> None:
    own_module.write_text(
        f"from {Wheel.__module__} import Wheel\nclass Big(Wheel):\n    def __init__(self, size: int = 9) -> None:\n        ...\n"
    )
    assert check(WHEELS, {"type": "wheels_of_mine:Big"}) == ({"type": "wheels_of_mine:Big", "size": 9}, [])
    assert check(WHEELS, {"type": "wheels_of_mine:Big", "sice": 1})[1] == [
        "k.sice: unknown key 'sice'; did you mean 'size'? allowed here: size"
    ]


def test_a_name_in_a_file_cannot_call_anything_else(own_module: Path) -> None:
    own_module.write_text("class Big:\n    def __init__(self, size: int = 9) -> None:\n        ...\n")
    for name in ("wheels_of_mine:Big", "subprocess:Popen"):
        assert check(WHEELS, {"type": name, "size": 3}) == (
            None,
            [
                (
                    f"k.type: '{name}' is no wheel: it is not derived from one; known: circular, round. A class of your own is named as "
                    "'module:Class', or registered in a module listed under 'plugins:'."
                )
            ],
        )


def test_a_module_that_fails_says_where(own_module: Path) -> None:
    own_module.write_text("x = 1\ny = 1 / 0\n")
    assert check(WHEELS, "wheels_of_mine:Big")[1] == [
        f"k: importing 'wheels_of_mine' failed: ZeroDivisionError: division by zero ({own_module}:2)"
    ]


def test_a_class_that_takes_everything_gets_everything() -> None:
    assert check(CARS, {"type": "open", "colour": "red"}) == ({"type": "open", "colour": "red"}, [])


def test_help_comes_from_docstrings() -> None:
    known = signature_of(WHEELS, RoundWheel)
    assert known.help == {"size": "its diameter.", "material": "what it is made of, or covered with."}
    assert known.arguments["size"].is_offered and not known.arguments["size"].is_required
    assert signature_of(CARS, SmallCar).supplied == {"road", "driver"}
