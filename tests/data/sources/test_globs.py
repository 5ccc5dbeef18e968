from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.sources.globs import Glob


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("data/train-*.parquet", "data/train-00000-of-00001.parquet", True),
        ("**/*.json", "a/b/c.json", True),
        ("**/*.json", "c.json", True),
        ("*.json", "a/c.json", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "axb", False),
        ("a**b", "a/x/b", True),
        ("[!a]b", "cb", True),
        ("[!a]b", "ab", False),
        ("[a-c]?", "b1", True),
        ("[z-a]", "z", False),
        ("[]", "[]", True),
        ("[!]", "[!]", True),
        ("a?c", "a/c", False),
        ("", "a", False),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert Glob(pattern).matches(name) is fits


@given(st.text(alphabet="ab*?/", max_size=8), st.text(alphabet="ab/", max_size=10))
def test_they_mean_what_expressions_mean(pattern: str, name: str) -> None:
    means = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    expression = "".join(means.get(part) or re.escape(part) for part in parts)
    assert Glob(pattern).matches(name) == (re.fullmatch(expression, name, re.DOTALL) is not None)


def test_many_stars_come_to_an_end() -> None:
    assert not Glob("**a*" * 50).matches("a" * 500 + "b/c")
