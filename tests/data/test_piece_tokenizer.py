"""Words to pieces: every word keeps at least one, whatever it is made of."""

import numpy as np
import pytest

from adaseq.data.piece_tokenizer import PieceTokenizer
from adaseq.errors import ModelError


@pytest.fixture(scope="module")
def tokenizer(tiny_bert):
    return PieceTokenizer(str(tiny_bert))


def pieces_of(tokenizer, words):
    (pieces,) = tokenizer.encode([words])
    names = tokenizer.tokenizer.convert_ids_to_tokens(pieces.ids.tolist())
    return [names[a:b] for a, b in zip(pieces.starts[:-1], pieces.starts[1:])]


def test_pieces_of_each_word(tokenizer):
    assert pieces_of(tokenizer, ["John", "works", "in", "Bern"]) == [
        ["john"],
        ["works"],
        ["in"],
        ["b", "##er", "##n"],
    ]


@pytest.mark.parametrize("word", ["", "\u200b", " ", "\x00", "\ud7ff", "😀"])
def test_a_word_without_pieces_is_unknown(tokenizer, word):
    assert pieces_of(tokenizer, ["in", word, "the"]) == [["in"], ["[UNK]"], ["the"]]
    assert pieces_of(tokenizer, [word]) == [["[UNK]"]]
    assert pieces_of(tokenizer, [word, word, "in", word]) == [["[UNK]"], ["[UNK]"], ["in"], ["[UNK]"]]


def test_special_tokens_and_limit(tokenizer):
    names = tokenizer.tokenizer.convert_ids_to_tokens
    assert names(tokenizer.prefix) == ["[CLS]"] and names(tokenizer.suffix) == ["[SEP]"]
    assert tokenizer.limit == 64
    assert tokenizer.pad_id == 0


def test_empty_sentence(tokenizer):
    (pieces,) = tokenizer.encode([[]])
    assert len(pieces.ids) == 0 and pieces.starts.tolist() == [0]


def test_a_tokenizer_that_was_saved_with_padding_and_truncation_neither_pads_nor_truncates(tiny_bert, tmp_path):
    from transformers import AutoTokenizer

    saved = AutoTokenizer.from_pretrained(tiny_bert)
    saved.backend_tokenizer.enable_padding(length=20)
    saved.backend_tokenizer.enable_truncation(3)
    saved.save_pretrained(tmp_path)
    loaded = PieceTokenizer(str(tmp_path))
    lengths = [len(pieces.ids) for pieces in loaded.encode([["in"], ["in"] * 30])]
    assert lengths == [1, 30]


def test_byte_level_words_begin_with_a_space(tmp_path):
    """RoBERTa marks word beginnings by the space before; without it words would look like the middle of words."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(["the cat sat on the mat the end"] * 5, vocab_size=300, min_frequency=1)
    trained.save_model(str(tmp_path))
    RobertaTokenizerFast.from_pretrained(str(tmp_path)).save_pretrained(tmp_path)
    assert pieces_of(PieceTokenizer(str(tmp_path)), ["the", "the"]) == [["Ġthe"], ["Ġthe"]]


def test_fingerprint_follows_the_vocabulary(tiny_bert, tmp_path):
    from transformers import AutoTokenizer

    other = AutoTokenizer.from_pretrained(tiny_bert)
    other.add_tokens(["wonderland"])
    other.save_pretrained(tmp_path)
    first, again = PieceTokenizer(str(tiny_bert)), PieceTokenizer(str(tiny_bert))
    assert first.fingerprint() == again.fingerprint() != PieceTokenizer(str(tmp_path)).fingerprint()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match="no folder here, is in no local cache"):
        PieceTokenizer(str(tmp_path / "nowhere"))


def test_a_folder_without_tokenizer_files_is_named(tmp_path):
    with pytest.raises(ModelError, match="in the folder"):
        PieceTokenizer(str(tmp_path))


def test_pieces_are_int32(tokenizer):
    (pieces,) = tokenizer.encode([["in", "", "new"]])
    assert pieces.ids.dtype == pieces.starts.dtype == np.int32
