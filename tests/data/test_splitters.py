"""Raw text into words and their places."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adaseq.errors import AdaSeqError
from adaseq.metainfo import Splitters
from adaseq.registry import SPLITTERS

NAMES = [Splitters.CHAR, Splitters.WORD, Splitters.BLANK]


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text())
@example("")
@example(" \t\n\u3000\xa0")
@example("a\u0301b \u200d\u0301 ❤\ufe0f🏳\ufe0f\u200d🌈 नमस्ते")
def test_the_words_are_all_of_the_text_but_its_white_space(name, text):
    words, offsets = SPLITTERS.build(name).split(text)
    assert words == [text[start:end] for start, end in offsets]
    assert "".join(words) == "".join(text.split())
    assert not any(word == "" or any(c.isspace() for c in word) for word in words)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(offsets))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("John's car, worth $3.14!", ["John", "'", "s", "car", ",", "worth", "$", "3.14", "!"]),
        ("1,000.5 at 12:30.", ["1,000.5", "at", "12:30", "."]),
        ("3.5kg 2024年11月", ["3.5", "kg", "2024", "年", "11", "月"]),
        ("王小明在New York的IBM。", ["王", "小", "明", "在", "New", "York", "的", "IBM", "。"]),
        ("かなカナー々〇", ["か", "な", "カ", "ナ", "ー", "々", "〇"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("na\u0308ive नमस्ते", ["na\u0308ive", "नमस्ते"]),
        ("snake_case #tag @me a@b.c", ["snake_case", "#tag", "@me", "a", "@", "b", ".", "c"]),
        ("⼈ 𠮷野家", ["⼈", "𠮷", "野", "家"]),
    ],
)
def test_words(text, words):
    assert SPLITTERS.build(Splitters.WORD).split(text)[0] == words


def test_characters():
    assert SPLITTERS.build(Splitters.CHAR).split(" 我 在IBM") == (
        ["我", "在", "I", "B", "M"],
        [(1, 2), (3, 4), (4, 5), (5, 6), (6, 7)],
    )


def test_blanks():
    assert SPLITTERS.build(Splitters.BLANK).split(" don't\u3000stop ") == (["don't", "stop"], [(1, 6), (7, 11)])


def test_an_unknown_name_proposes_the_nearest():
    with pytest.raises(AdaSeqError, match="there is no text splitter 'words'; did you mean 'word'"):
        SPLITTERS.build("words")
