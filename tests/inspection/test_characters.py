"""What is wrong with single words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.inspection.characters import find_faults, is_nothing, mended

FAULTY = [
    ("cafÃ©", "mojibake"),
    ("â€œso", "mojibake"),
    ("锟斤拷", "mojibake"),
    ("鏁版嵁", "mojibake"),
    ("数据集合".encode().decode("gbk"), "mojibake"),
    ("gro\ufffd", "replacement-character"),
    ("be\x07ll", "control-character"),
    ("\u202eabc", "control-character"),
    ("fo\u200bo", "zero-width-character"),
    ("\ufeffThe", "zero-width-character"),
    ("\ue000", "private-use"),
    ("Pаris", "mixed-scripts"),  # the second letter is Cyrillic
    ("Υork", "mixed-scripts"),  # the first is Greek
    ("⼀个", "mixed-scripts"),  # a radical
    ("２０２４年", "full-width"),
    ("cafe\u0301", "not-normalised"),
]

FAULTLESS = [
    *("plain", "Zürich", "naïve", "Straße“", "中文", "「引用」，好！", "数据处理系统", "Москва", "TNFα", "NF-κB", "µm"),
    *("👩\u200d💻", "می\u200cخواهم", "क्\u200dष", "A股", "T恤", "IT-отдел", "東京", "é“", "Ã", "한국어"),
]


@pytest.mark.parametrize(("word", "code"), FAULTY)
def test_a_fault_is_named(word: str, code: str) -> None:
    assert [fault.code for fault in find_faults(word)] == [code]


@pytest.mark.parametrize("word", FAULTLESS)
def test_ordinary_words_have_no_fault(word: str) -> None:
    assert find_faults(word) == []
    assert mended(word) == word


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("cafÃ©", "café"),
        ("fo\u200bo", "foo"),
        ("be\x07ll", "bell"),
        ("cafe\u0301", "café"),
        ("\u200b", "\u200b"),
        ("锟斤拷", "锟斤拷"),
    ],
)
def test_mending(word: str, meant: str) -> None:
    assert mended(word) == meant


@given(st.text(max_size=20))
def test_mending_never_makes_a_word_vanish_and_is_done_once(word: str) -> None:
    new = mended(word)
    assert bool(new) == bool(word)
    assert is_nothing(new) <= is_nothing(word)


@given(st.text(max_size=30))
def test_places_lie_in_the_text(text: str) -> None:
    assert all(0 <= fault.start < fault.end <= len(text) for fault in find_faults(text))


@pytest.mark.parametrize("word", [" ", "\u3000", "\u00a0", "\u200b", "\ufeff \u200b"])
def test_words_of_nothing(word: str) -> None:
    assert is_nothing(word)
    assert not is_nothing(word + "x")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize("word", ["café", "Zürich", "Ørsted", "niño", "łódź", "数据", "“so”", "Привет"])
def test_what_was_decoded_wrongly_is_brought_back(word: str, encoding: str) -> None:
    try:
        garbled = word.encode().decode(encoding)
    except UnicodeDecodeError:
        garbled = word.encode().decode("latin-1")
    assert mended(garbled) == word
