"""The tagger with a loss that was chosen."""

import pytest
import torch

from adaseq.errors import ModelError
from adaseq.models.assembly import build_model
from tests.models.test_sequence_labeling import SENTENCES, WITH_CONTEXT, batch_of, learn, make


@pytest.mark.parametrize("loss", ["cross-entropy", "label-smoothing", "focal", "dice", "weighted-cross-entropy"])
def test_a_tagger_learns_with_every_loss_of_one_class(loss):
    preprocessor, model = make(use_crf=False, loss=loss)
    learn(preprocessor, model, SENTENCES)
    rows = model.eval().decode(batch_of(preprocessor, SENTENCES))
    assert [row["spans"] for row in rows] == [example.spans for example in SENTENCES]


def test_cross_entropy_is_the_default():
    preprocessor, plain = make(use_crf=False)
    _, chosen = make(use_crf=False, loss={"type": "cross-entropy"})
    chosen.load_state_dict(plain.state_dict())
    for examples in (SENTENCES, WITH_CONTEXT):
        batch = batch_of(preprocessor, examples, training=True)
        torch.testing.assert_close(chosen(batch)["loss"], plain(batch)["loss"])


def test_counts_come_from_the_training_data():
    preprocessor, _ = make(use_crf=False)
    counts = preprocessor.class_counts(preprocessor.encode(SENTENCES, training=True))
    assert sum(counts) == 10 and counts[0] == 5
    block = {"type": "sequence-labeling-model", "use_crf": False, "embedder": "embedding"}
    asked = []
    weighted = {"type": "weighted-cross-entropy", "weights": "inverse"}
    model = build_model({**block, "loss": weighted}, preprocessor, lambda: asked.append(1) or counts)
    assert asked == [1] and model.loss.weight[0] < model.loss.weight[1]
    build_model({**block, "loss": "focal"}, preprocessor, lambda: counts)
    build_model({**block, "loss": "dice"}, preprocessor, lambda: pytest.fail("dice needs no counts"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "focal"}, "model.loss judges words one by one, a CRF whole sentences: set use_crf: false"),
        ({"loss": "bce", "use_crf": False}, "here each item has exactly one class"),
    ],
)
def test_a_loss_that_does_not_fit(options, message):
    with pytest.raises(ModelError, match=message):
        make(**options)


def test_variational_dropout_is_an_option():
    preprocessor, model = make(variational_dropout=0.5)
    assert learn(preprocessor, model, SENTENCES, steps=3) > 0
