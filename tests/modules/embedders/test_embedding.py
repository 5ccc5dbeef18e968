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


def test_random_vectors_cannot_be_frozen():
    with pytest.raises(ModelError, match="freeze: true needs an embedding_file"):
        Embedding(vocabulary=WORDS, freeze=True)
