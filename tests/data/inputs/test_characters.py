"""The characters of words."""

import pytest

from adaseq.data.inputs.characters import BEGIN, END, UNKNOWN, CharacterInput
from adaseq.errors import AdaSeqError


def fitted(**options):
    encoder = CharacterInput(**options)
    for words in (["aab", "Ba"], ["b"]):
        encoder.count(words)
    assert not encoder.is_fitted
    encoder.finish()
    assert encoder.is_fitted
    return encoder


def test_ids_by_frequency():
    encoder = fitted()
    assert encoder.characters == ["a", "b", "B"] and encoder.supplies() == {"num_characters": 7}
    (features,) = encoder.encode([["abx", ""]], training=True)
    assert features["char_ids"].tolist() == [BEGIN, 4, 5, UNKNOWN, END, BEGIN, END]
    assert features["char_lengths"].tolist() == [5, 2]
    assert fitted(min_count=2).characters == ["a", "b"]
    assert fitted(lowercase=True).characters == ["a", "b"]


def test_long_words_keep_both_ends():
    encoder = fitted(max_length=3)
    (features,) = encoder.encode([["aabab"]], training=False)
    assert features["char_ids"].tolist() == [BEGIN, 4, 4, 5, END]
    with pytest.raises(AdaSeqError, match="must be at least 1; received 0"):
        CharacterInput(max_length=0)


def test_a_batch_holds_each_word_once():
    encoder = fitted()
    sentences = [["a", "bb", "a"], [], ["bb"]]
    batch = encoder.collate(encoder.encode(sentences, training=True), 3)
    assert batch["char_ids"].shape == (2, 4) and batch["char_words"].shape == (3, 3)
    for row, words in enumerate(sentences):
        for column, word in enumerate(words):
            place = batch["char_words"][row, column]
            ids = batch["char_ids"][place][: batch["char_lengths"][place]]
            assert ids.tolist() == encoder.encode([[word]], training=True)[0]["char_ids"].tolist()


def test_empty_sentences_alone():
    encoder = fitted()
    batch = encoder.collate(encoder.encode([[], []], training=False), 1)
    assert batch["char_words"].shape == (2, 1) and batch["char_lengths"].tolist() == [2]


def test_saved_and_loaded(tmp_path):
    encoder, loaded = fitted(), CharacterInput()
    encoder.save(tmp_path)
    loaded.load(tmp_path)
    assert loaded.is_fitted and loaded.fingerprint() == encoder.fingerprint() != fitted(lowercase=True).fingerprint()
