"""Label vectors from files of word vectors."""

from __future__ import annotations

import logging
import pickle

import pytest
import torch

from adaseq.errors import ModelError
from adaseq.modules.label_decoders.label_vectors import label_vectors
from adaseq.modules.label_decoders.pairwise_crf import PairwiseCRF


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("football 1 0\nplayer 0 1\ncity 2 2\n足球 3 1\n足 1 1\n员 5 3\n", encoding="utf-8")
    return str(path)


def test_a_label_is_the_mean_of_its_words(vectors):
    found = label_vectors(["football_player", "City", "person/player"], 2, "glove", vectors)
    assert found.tolist() == [[0.5, 0.5], [2.0, 2.0], [0.0, 1.0]]


def test_a_chinese_label_is_one_word_or_its_characters(vectors):
    assert label_vectors(["足球", "足员"], 2, "tencent", vectors).tolist() == [[3.0, 1.0], [3.0, 2.0]]


def test_labels_without_a_vector_begin_at_random(vectors, caplog):
    with caplog.at_level(logging.WARNING):
        found = label_vectors(["city", "zebra"], 2, "glove", vectors)
    assert found.shape == (2, 2) and found[0].tolist() == [2.0, 2.0] and found[1].isfinite().all()
    assert "1 of 2 labels have no vector" in caplog.text and "zebra" in caplog.text


def test_what_was_found_is_kept(vectors, tmp_path):
    folder = str(tmp_path / "kept")
    first = label_vectors(["city", "player"], 2, "glove", vectors, folder, "x.emb")
    assert (tmp_path / "kept" / "x.emb").is_file()
    again = label_vectors(["city", "player"], 2, "glove", None, folder, "x.emb")
    assert torch.equal(first, again)
    other = label_vectors(["player", "city"], 2, "glove", vectors, folder, "x.emb")
    assert torch.equal(other, first.flip(0))


def test_vectors_of_other_labels_are_not_used(vectors, tmp_path):
    folder = str(tmp_path)
    label_vectors(["city"], 2, "glove", vectors, folder)
    with pytest.raises(ModelError) as caught:
        label_vectors(["player"], 2, "glove", None, folder)
    assert str(caught.value) == (
        f"the label vectors in '{tmp_path / 'label.emb'}' are those of other labels; give decoder.source_emb_file_path to make "
        "them again"
    )


def test_an_old_pickle_is_not_opened(vectors, tmp_path):
    (tmp_path / "label.emb").write_bytes(pickle.dumps({"city": [1.0, 2.0]}))
    with pytest.raises(
        ModelError, match=r"AdaSeq 0\.6 wrote a pickle there, which could run any code and is not opened"
    ):
        label_vectors(["city"], 2, "glove", vectors, str(tmp_path))


def test_a_folder_without_vectors_needs_a_source(tmp_path):
    with pytest.raises(ModelError) as caught:
        label_vectors(["city"], 2, folder=str(tmp_path))
    assert str(caught.value) == (
        f"decoder.target_emb_dir: there is no '{tmp_path / 'label.emb'}' yet; give decoder.source_emb_file_path, the word vectors "
        "to make it from"
    )


def test_another_width_is_refused(vectors):
    with pytest.raises(ModelError) as caught:
        label_vectors(["city"], 3, "glove", vectors)
    assert str(caught.value) == f"decoder.label_emb_dim is 3, but the vectors in '{vectors}' have 2 dimensions"


def test_a_model_folder_needs_no_file(vectors):
    block = {"type": "pairwise-crf", "label_emb_dim": 2, "source_emb_file_path": vectors, "target_emb_dir": "/nowhere"}
    crf = PairwiseCRF(["city"], label_emb_dim=2, source_emb_file_path=vectors)
    assert crf.label_vectors.tolist() == [[2.0, 2.0]]
    portable = crf.portable_config(block)
    assert portable["source_emb_file_path"] is None and portable["target_emb_dir"] is None
