"""Relations, as a user of the class meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adaseq.data.example import Example
from adaseq.errors import ModelError
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.model_folder import load_model_folder, save_model_folder

LABELS = ["None", "lives", "works"]


def relation(text, subject, object, label, **more):
    return Example("1", text.split(), fields={"subject": subject, "object": object, "label": label}, **more)


# Only the places of the entities tell some of these apart.
EXAMPLES = [
    relation("mary lives in london and works in york", [0, 1], [3, 4], "lives"),
    relation("mary lives in london and works in york", [0, 1], [7, 8], "works"),
    relation("mary lives in london and works in york", [3, 4], [7, 8], "None"),
    relation("john smith works in new york", [0, 2], [4, 6], "works"),
    relation("john smith works in new york", [4, 6], [0, 2], "None"),
    relation("of the", None, None, "None"),
]


def make(tiny_bert=None, preprocessor_options=None, **options):
    embedder = {"type": "embedding", "embedding_dim": 12}
    if tiny_bert is not None:
        embedder = {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)}
    block = {"type": "relation-extraction-model", "embedder": embedder, **options}
    preprocessor_block = {"type": "relation-extraction-preprocessor", **(preprocessor_options or {})}
    preprocessor = build_preprocessor(preprocessor_block, block, LABELS)
    preprocessor.fit(preprocessor.words_of(example) for example in EXAMPLES)
    torch.manual_seed(0)
    config = {
        "task": "relation-extraction",
        "model": block,
        "preprocessor": preprocessor_block,
        "data_collator": "DataCollatorWithPadding",
    }
    return preprocessor, build_model(block, preprocessor), config


def batch_of(preprocessor, examples, training=False):
    features = preprocessor.encode(examples, training)
    collator = build_collator("DataCollatorWithPadding", preprocessor)
    return collator([{**each, "index": i} for i, each in enumerate(features)])


def learn(preprocessor, model, examples, steps=60):
    batch = batch_of(preprocessor, examples, training=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02 if preprocessor.vocabulary else 0.005)
    for _ in range(steps):
        loss = model.train()(batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


LSTM = {"type": "lstm", "hidden_size": 12, "bidirectional": True}
CNN = {"type": "cnn", "channels": 12}
WITHOUT_BACKBONE = [
    {"encoder": LSTM},
    {"encoder": CNN, "sentence_pooling": "attention"},
    {"encoder": LSTM, "word_dropout": 0.05},
]
WITH_BACKBONE = [
    {},
    {"entity_pooling": "mean", "sentence_pooling": "first", "hidden_size": 16},
    {"entity_pooling": "max", "sentence_pooling": "mean"},
    {"encoder": LSTM, "variational_dropout": 0.1},
    {"loss": {"type": "label-smoothing", "smoothing": 0.01}},
]
VARIANTS = [*((options, False) for options in WITHOUT_BACKBONE), *((options, True) for options in WITH_BACKBONE)]


@pytest.mark.parametrize(("options", "has_backbone"), VARIANTS, ids=str)
def test_learns_its_training_data(options, has_backbone, tiny_bert) -> None:
    preprocessor, model, _ = make(tiny_bert if has_backbone else None, **options)
    assert learn(preprocessor, model, EXAMPLES, steps=100) < 0.4
    predictions = model.eval().decode(batch_of(preprocessor, EXAMPLES), with_prob=True)
    assert [each["label"] for each in predictions] == [example.fields["label"] for example in EXAMPLES]
    assert all(each["spans"] == [] and 0.4 < each["prob"] <= 1 for each in predictions)
    assert "prob" not in model.decode(batch_of(preprocessor, EXAMPLES))[0]


def test_the_saved_model_needs_no_backbone(tiny_bert: Path, tmp_path: Path) -> None:
    import shutil

    backbone = tmp_path / "backbone"
    shutil.copytree(tiny_bert, backbone)
    preprocessor, model, config = make(backbone)
    learn(preprocessor, model, EXAMPLES, steps=5)
    save_model_folder(tmp_path / "model", model, preprocessor, config)
    shutil.rmtree(backbone)
    loaded = load_model_folder(tmp_path / "model")
    assert loaded.model.embedder.transformer_model.config.vocab_size == loaded.preprocessor.num_pieces
    features = loaded.preprocessor.encode(EXAMPLES, training=False)
    batch = loaded.collator([{**each, "index": i} for i, each in enumerate(features)])
    assert loaded.model.decode(batch, with_prob=True) == model.eval().decode(batch_of(preprocessor, EXAMPLES), True)


def test_adapters_and_their_markers_come_back(tiny_bert: Path, tmp_path: Path) -> None:
    preprocessor, model, config = make(tiny_bert)
    config["model"]["embedder"]["peft"] = {"type": "lora", "r": 2}
    model = build_model(config["model"], preprocessor)
    learn(preprocessor, model, EXAMPLES, steps=5)
    save_model_folder(tmp_path / "model", model, preprocessor, config)
    loaded = load_model_folder(tmp_path / "model")
    batch = batch_of(preprocessor, EXAMPLES)
    assert loaded.model.decode(batch, with_prob=True) == model.eval().decode(batch, with_prob=True)


def test_views_with_and_without_context(tiny_bert) -> None:
    mask = [True] * 4 + [False] * 3
    examples = [
        relation("mary lives in london <EOS> york john", [0, 1], [3, 4], "lives", mask=mask),
        relation("mary works in london <EOS> york john", [0, 1], [3, 4], "works", mask=mask),
    ]
    options = {"return_original_view": True}
    preprocessor, model, _ = make(tiny_bert, options, multiview=True, temperature=2.0)
    first = model.eval()(batch_of(preprocessor, examples, training=True))["loss"].item()
    _, plain, _ = make(tiny_bert, options)
    assert first > plain.eval()(batch_of(preprocessor, examples, training=True))["loss"].item()
    assert learn(preprocessor, model, examples) < 0.2
    predictions = model.eval().decode(batch_of(preprocessor, examples))
    assert [each["label"] for each in predictions] == ["lives", "works"]


def test_the_loss_of_two_views() -> None:
    mask = [True] * 4 + [False] * 3
    examples = [relation("mary lives in london <EOS> york john", [0, 1], [3, 4], "lives", mask=mask), EXAMPLES[3]]
    preprocessor, model, _ = make(None, {"return_original_view": True}, multiview=True, temperature=3.0)
    batch = batch_of(preprocessor, examples, training=True)
    views = [model.eval().scores(batch), model.scores(batch["origin"])]
    wanted, found = (each.div(3.0).softmax(1) for each in views)
    by_hand = (wanted * (wanted / found).log()).sum(1).mean() * 9
    assert by_hand > 1e-4
    losses = [torch.nn.functional.cross_entropy(view, batch["label_ids"][:, 0]) for view in views]
    torch.testing.assert_close(model(batch)["loss"], sum(losses) + by_hand)


def test_several_views_need_their_features(tiny_bert) -> None:
    preprocessor, model, _ = make(tiny_bert, multiview=True)
    with pytest.raises(ModelError) as caught:
        model(batch_of(preprocessor, EXAMPLES, training=True))
    assert str(caught.value) == (
        "model.multiview needs the text without its context: preprocessor.return_original_view: true"
    )


def test_a_loss_for_several_classes_is_refused(tiny_bert) -> None:
    with pytest.raises(
        ModelError, match=r"model.loss.type is 'BCE|model.loss.type is '.*here each item has exactly one"
    ):
        make(tiny_bert, loss={"type": "bce"})
