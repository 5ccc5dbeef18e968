"""Static word vectors."""

import pytest
import torch

from adaseq.errors import DataError, ModelError
from adaseq.modules.embedders.embedding import Embedding

WORDS = ["[PAD]", "[UNK]", "北", "cat", "dog"]


def test_learned_from_scratch():
    embedder = Embedding(embedding_dim=7, padding_idx=0, vocabulary=WORDS)
    vectors = embedder({"input_ids": torch.tensor([[2, 0]])})
    assert vectors.shape == (1, 2, 7) and embedder.output_size == 7
    assert not vectors[0, 1].any() and embedder.embedding.weight.requires_grad


@pytest.mark.parametrize("header", ["", "2 3\n"])
def test_vectors_from_a_file(tmp_path, header):
    (tmp_path / "embedding.txt").write_text(f"{header}cat 1 2 3\n北 4 5 6\nbird 0 0 0\n", encoding="utf-8")
    embedder = Embedding(str(tmp_path), vocabulary=WORDS, freeze=True)
    assert embedder({"input_ids": torch.tensor([[3, 2]])}).tolist() == [[[1, 2, 3], [4, 5, 6]]]
    assert not embedder.embedding.weight.requires_grad
    assert embedder.embedding.weight[4].any(), "a word without a vector keeps a random one"


def test_a_short_vector_is_an_error_with_its_line(tmp_path):
    (tmp_path / "embedding.txt").write_text("cat 1 2 3\ndog 1 2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"embedding.txt:2: 2 numbers behind the word, where lines before have 3"):
        Embedding(str(tmp_path), vocabulary=WORDS)


def test_the_width_must_fit_the_file(tmp_path):
    (tmp_path / "embedding.txt").write_text("cat 1 2 3\n", encoding="utf-8")
    with pytest.raises(ModelError, match="embedding_dim is 5, but the vectors in .* have 3 numbers"):
        Embedding(str(tmp_path), embedding_dim=5, vocabulary=WORDS)


def test_an_empty_file_holds_no_vectors(tmp_path):
    (tmp_path / "embedding.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"there are no word vectors in '.*embedding\.txt': the file is empty"):
        Embedding(str(tmp_path), vocabulary=WORDS)


def test_random_vectors_cannot_be_frozen():
    with pytest.raises(ModelError, match="freeze: true needs an embedding_file"):
        Embedding(vocabulary=WORDS, freeze=True)


@pytest.mark.parametrize(("oov", "expected"), [("zero", [0.0, 0.0]), ("mean", [2.0, 3.0])])
def test_words_without_a_vector(tmp_path, oov, expected):
    (tmp_path / "embedding.txt").write_text("cat 1 2\ndog 3 4\n", encoding="utf-8")
    embedder = Embedding(str(tmp_path), vocabulary=WORDS, oov=oov)
    assert embedder.embedding.weight[2].tolist() == expected
    assert embedder.embedding.weight[3].tolist() == [1.0, 2.0]


def test_words_found_in_another_form(tmp_path, caplog):
    (tmp_path / "embedding.txt").write_text("cat 1 2\n00 3 4\n<unk> 5 6\n", encoding="utf-8")
    words = ["[PAD]", "[UNK]", "Cat", "cat", "12", "x"]
    with caplog.at_level("INFO"):
        embedder = Embedding(str(tmp_path), vocabulary=words, lookup=["lowercase", "digits"], oov="zero")
    assert embedder.embedding.weight.tolist() == [[0, 0], [5, 6], [1, 2], [1, 2], [3, 4], [0, 0]]
    assert "1 of the 6 words of the vocabulary have one, 3 more in another form, 2 have none" in caplog.text


def test_a_folder_with_neither_vectors_nor_a_vocabulary(tmp_path):
    with pytest.raises(ModelError, match="there are no word vectors at .*neither a file of vectors nor a folder"):
        Embedding(str(tmp_path), vocabulary=WORDS)
