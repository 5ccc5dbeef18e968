"""Terms of texts in any language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.splitters import CharSplitter
from adaseq.retrieval.terms import is_same, join_words, terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The U.S. Army's 3rd unit", ["the", "u", "s", "army", "s", "3rd", "unit"]),
        ("北京大学", ["北", "京", "大", "学", "北京", "京大", "大学"]),
        ("在NASA工作", ["在", "nasa", "工", "作", "工作"]),
        ("ＮＡＳＡ Ｓｔｒａßｅ", ["nasa", "strasse"]),
        ("…—!", []),
    ],
)
def test_words_and_pairs_of_characters(text: str, terms: list[str]) -> None:
    assert terms_of(text) == terms


def test_words_of_chinese_are_joined_without_spaces() -> None:
    assert join_words(["在", "北", "京", "use", "AI", "的", "人"]) == "在北京 use AI 的人"
    assert join_words([]) == ""


@given(st.text(alphabet="北京大学在abc ，.", max_size=20))
def test_characters_have_the_terms_of_their_text(text: str) -> None:
    only_ideographs = "".join(each for each in text if each in "北京大学在")
    assert terms_of(join_words(CharSplitter().split(only_ideographs)[0])) == terms_of(only_ideographs)


def test_a_sentence_with_other_punctuation_is_the_same() -> None:
    one, other = (terms_of(text) for text in ("Mary lives in London.", "“Mary lives in London” —"))
    assert is_same(one, other)
    assert not is_same(one, terms_of("Mary lives in London, and works in York"))
    assert is_same([], []) and not is_same(one, [])
