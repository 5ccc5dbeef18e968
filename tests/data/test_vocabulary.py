"""The vocabulary of models that learn their own embeddings."""

import pytest

from adaseq.data.vocabulary import Vocabulary
from adaseq.errors import DataError, ModelError


def test_frequent_words_come_first_and_ties_are_alphabetical():
    vocabulary = Vocabulary.build([["b", "a", "c"], ["c", "b", "c"]])
    assert vocabulary.words == ["[PAD]", "[UNK]", "c", "b", "a"]
    assert vocabulary.ids(["c", "zebra", "[PAD]"]).tolist() == [2, 1, 0]


def test_rare_words_stay_out():
    assert Vocabulary.build([["a", "a", "b"]], min_count=2).words == ["[PAD]", "[UNK]", "a"]


def test_lower_case_words_meet():
    vocabulary = Vocabulary.build([["The", "the", "Cat"]], lowercase=True)
    assert vocabulary.words == ["[PAD]", "[UNK]", "the", "cat"]
    assert vocabulary.ids(["THE", "cat"]).tolist() == [2, 3]


def test_saved_and_loaded_it_is_the_same(tmp_path):
    # A line break inside a word would shift every id in the file; such words stay unknown.
    vocabulary = Vocabulary.build([[" ", "\u3000", "\u200b", "字", "a b", "x\ny", "\u2028"]])
    vocabulary.save(tmp_path)
    assert Vocabulary.load(tmp_path).words == vocabulary.words
    assert set(vocabulary.words) == {"[PAD]", "[UNK]", " ", "\u3000", "\u200b", "字", "a b"}


def test_a_file_without_special_words_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\nword\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"the vocabulary has no \[UNK\]"):
        Vocabulary.load(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="no vocabulary file 'words.txt'"):
        Vocabulary.load(tmp_path, "words.txt")


def test_a_file_that_is_not_utf8_is_named(tmp_path):
    (tmp_path / "vocab.txt").write_bytes(b"[PAD]\n[UNK]\n\xff\n")
    with pytest.raises(DataError, match=r"vocab.txt: not UTF-8 \(invalid start byte at byte 12\)"):
        Vocabulary.load(tmp_path)
