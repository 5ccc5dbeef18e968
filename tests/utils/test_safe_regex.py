from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.errors import AdaSeqError
from adaseq.utils import safe_regex
from adaseq.utils.safe_regex import SafePattern, UnsafePattern


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a|aa)*b", "(a*)*", "((ab?)*c)+", r"(.)\1", "(?:x{1,9}y)+", "(" * 60 + "a?" + ")*" * 60, "a" * 1001],
)
def test_what_may_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(UnsafePattern):
        SafePattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("B-.*", "B-PER", True),
        ("B-.*", "I-B-PER", False),
        ("(PER|LOC)-?.*", "LOCpart", True),
        ("(ab)*", "ababab", True),
        ("(?:ab{2})+", "abbabb", True),
        ("[A-Z]+(-[a-z]{3})?", "PER-sub", True),
        ("(?i)per", "PER", True),
        ("[[a]", "[", True),
    ],
)
def test_others_match_whole_texts(pattern: str, text: str, fits: bool) -> None:
    assert (SafePattern(pattern).fullmatch(text) is not None) is fits


def test_a_long_text_is_refused_where_there_are_many_repetitions() -> None:
    pattern = SafePattern("a*a*a*a*b")
    assert pattern.fullmatch("aaaa") is None
    with pytest.raises(UnsafePattern, match="has 4 repetitions, too many for a text of 1000 characters"):
        pattern.fullmatch("a" * 1000)


def test_a_search_may_do_more_and_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "m.encoder.layer.1.attention.self.query.weight"
    for pattern in ("encoder.*layer.*attention.*query", ".*encoder.*layer.*attention.*query.*weight$"):
        assert SafePattern(pattern).is_found_in(name) and not SafePattern(pattern).is_found_in(f"{name}s"[5:-9])
    monkeypatch.setattr(safe_regex, "_SECONDS", 0.05)
    pattern = SafePattern("a*?" * 20 + "[^a]$")
    for _ in range(2):
        with pytest.raises(UnsafePattern, match=r"it has 20 repetitions, and looking for it takes too long \(in 'aaa"):
            pattern.is_found_in("a" * 200)


def test_what_is_no_expression_is_left_to_the_caller() -> None:
    with pytest.raises(re.error):
        SafePattern("C++")
    with pytest.raises(re.error):
        SafePattern("(a")


def test_groups_in_the_new_text() -> None:
    pattern = SafePattern("(.*)part")
    match = pattern.fullmatch("LOCpart")
    assert match is not None
    assert pattern.expand(match, r"\1") == "LOC" and pattern.expand(match, "x") == "x"
    with pytest.raises(AdaSeqError, match=r"invalid group reference 2.*the expression is '\(\.\*\)part'"):
        pattern.expand(match, r"\2")


@given(st.text(alphabet="ab()*+?|[]{1,}.\\-^$", max_size=14), st.text(alphabet="ab", max_size=30))
def test_any_expression_is_refused_or_comes_to_an_end(pattern: str, text: str) -> None:
    try:
        safe = SafePattern(pattern)
    except (UnsafePattern, re.error):
        return
    assert (safe.fullmatch(text) is None) == (re.fullmatch(pattern, text) is None)
