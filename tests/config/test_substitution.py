"""Variables in text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.config.substitution import Variables, escape

VARIABLES = {"A": "1", "B": "two words", "a.b-c_1": "x", "EMPTY": ""}


def substitute(text: str) -> str:
    problems: list[str] = []
    result = Variables(VARIABLES).substitute(text, problems.append)
    assert not problems
    return result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${A}", "1"),
        ("$A", "1"),
        ("x${A}y${A}.", "x1y1."),
        ("$A/$A", "1/1"),
        ("${a.b-c_1}", "x"),
        ("$a.b-c_1/y", "x/y"),
        ("${ A }", "1"),
        ("${EMPTY}", ""),
        ("${EMPTY|z}", ""),
        ("${NO|z}", "z"),
        ("${NO|}", ""),
        ("${NO|a b | c}d", "a b | cd"),
        ("$NO|a b|c", "a b|c"),
        ("${NO|${A}}", "1"),
        ("${NO|${NEITHER|[1, 2]}}", "[1, 2]"),
        ("${NO|{a: 1}}", "{a: 1}"),
        ("$$A", "$A"),
        ("$$$$", "$$"),
        ("$5 and $0.50", "$5 and $0.50"),
        ("crf$", "crf$"),
        ("^(a|b)$|c", "^(a|b)$|c"),
        ("$ A", "$ A"),
        ("$-A", "$-A"),
    ],
)
def test_what_becomes_of_text(text: str, result: str) -> None:
    assert substitute(text) == result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "${NO}",
            (
                "the variable 'NO' is not set. Set it in the environment, or give it a default: ${NO|default}. A dollar sign "
                "itself is written $$"
            ),
        ),
        (
            "${}",
            "'${}' names no variable: a name has letters, digits, '_', '-' and '.'; write $$ for a dollar sign",
        ),
        (
            "${a b}",
            "'${a b}' names no variable: a name has letters, digits, '_', '-' and '.'; write $$ for a dollar sign",
        ),
    ],
)
def test_undefined_variables_stay_and_are_reported(text: str, message: str) -> None:
    problems: list[str] = []
    assert Variables({}).substitute(text, problems.append) == text
    assert problems == [message]


def test_root_dir_is_the_working_directory_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Variables({}).substitute("${root_dir}/x", print) == f"{tmp_path}/x"
    assert Variables({"root_dir": "/r"}).substitute("$root_dir", print) == "/r"


@given(st.text(alphabet="$A{}|5 .-x", max_size=12))
def test_escaped_text_comes_back(text: str) -> None:
    assert substitute(escape(text)) == text


@pytest.mark.parametrize("text", ["crf$", "$5", "plain", "a|b$"])
def test_text_without_variables_needs_no_escape(text: str) -> None:
    assert escape(text) == text
