"""Text classification, as a user of the class meets it."""

from __future__ import annotations

import pytest
import torch

from adaseq.data.example import Example
from adaseq.errors import ModelError
from adaseq.models.assembly import build_collator, build_model, build_preprocessor

TEXTS = [
    Example("1", ["mary", "lives", "in", "london"], fields={"label": "place"}),
    Example("2", ["john", "smith", "works"], fields={"label": "person"}),
    Example("3", ["new", "york"], fields={"label": "place"}),
    Example("4", ["of", "the"], fields={"label": "none"}),
]
PAIRS = [
    Example("1", ["new", "york"], fields={"pair": ["york", "new"], "label": "same"}),
    Example("2", ["new", "york"], fields={"pair": ["london"], "label": "other"}),
    Example("3", ["london"], fields={"pair": ["london"], "label": "same"}),
    Example("4", ["london"], fields={"pair": ["york"], "label": "other"}),
]
MULTI = [
    Example("1", ["mary", "in", "london"], fields={"label": ["person", "place"]}),
    Example("2", ["john"], fields={"label": ["person"]}),
    Example("3", ["york"], fields={"label": ["place"]}),
    Example("4", ["of"], fields={"label": []}),
]


def make(examples, tiny_bert=None, preprocessor_options=None, **options):
    embedder = {"type": "embedding", "embedding_dim": 12}
    if tiny_bert is not None:
        embedder = {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)}
    block = {"type": "text-classification-model", "embedder": embedder, **options}
    labels = sorted(
        {
            each
            for e in examples
            for each in ([e.fields["label"]] if isinstance(e.fields["label"], str) else e.fields["label"])
        }
    )
    preprocessor = build_preprocessor(
        {"type": "text-classification-preprocessor", **(preprocessor_options or {})}, block, labels
    )
    preprocessor.fit(preprocessor.words_of(example) for example in examples)
    torch.manual_seed(0)
    return preprocessor, build_model(block, preprocessor)


def batch_of(preprocessor, examples, training=False):
    features = preprocessor.encode(examples, training)
    collator = build_collator("DataCollatorWithPadding", preprocessor)
    return collator([{**each, "index": i} for i, each in enumerate(features)])


@pytest.mark.parametrize("pair", [None, ["0123456789"] * 80], ids=["one text", "two texts"])
def test_long_texts_fit_all_backbones_of_a_stack(tiny_bert, pair):
    backbone = {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)}
    stack = {"type": "stacked", "embedders": [backbone, backbone]}
    fields = {"label": "place", **({} if pair is None else {"pair": pair})}
    examples = [Example("1", ["london"] * 100, fields=fields), TEXTS[1]]
    preprocessor, model = make(examples, embedder=stack)
    batch = batch_of(preprocessor, examples, training=True)
    assert model(batch)["loss"].isfinite()
    assert batch["tokens"]["mask"].sum(1).tolist()[0] <= 64


def test_a_text_without_words_or_special_pieces(tiny_bert):
    preprocessor, model = make(MULTI, tiny_bert, {"add_special_tokens": False}, multi_label=True)
    (prediction,) = model.eval().decode(batch_of(preprocessor, [Example("1", [])]), with_prob=True)
    assert all(0 <= each <= 1 for each in prediction["probs"])


def learn(preprocessor, model, examples, steps=60, lr=0.005):
    batch = batch_of(preprocessor, examples, training=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02 if preprocessor.vocabulary else lr)
    for _ in range(steps):
        loss = model.train()(batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


CNN = {"type": "cnn", "channels": 8, "kernel_sizes": [2, 3], "dilation": [1]}
LSTM = {"type": "lstm", "hidden_size": 8, "bidirectional": True}
VARIANTS = [
    {},
    {"pooling": "mean", "hidden_size": 8},
    {"pooling": "attention", "word_dropout": 0.1},
    {"encoder": CNN, "embedding_dropout": 0.1},
    {"encoder": LSTM, "pooling": "mean", "variational_dropout": 0.1},
    {"loss": {"type": "focal"}},
]


@pytest.mark.parametrize("options", VARIANTS, ids=str)
@pytest.mark.parametrize("has_backbone", [False, True])
def test_learns_its_training_data(options, has_backbone, tiny_bert) -> None:
    preprocessor, model = make(TEXTS, tiny_bert if has_backbone else None, **options)
    assert learn(preprocessor, model, TEXTS) < 0.3
    predictions = model.eval().decode(batch_of(preprocessor, TEXTS), with_prob=True)
    assert [each["labels"] for each in predictions] == [[example.fields["label"]] for example in TEXTS]
    assert all(each["spans"] == [] and 0.4 < each["probs"][0] <= 1 for each in predictions)
    assert "probs" not in model.decode(batch_of(preprocessor, TEXTS))[0]


def test_learns_pairs(tiny_bert) -> None:
    preprocessor, model = make(PAIRS, tiny_bert, dropout=0.0)
    assert learn(preprocessor, model, PAIRS, steps=150, lr=1e-3) < 0.3
    predictions = model.eval().decode(batch_of(preprocessor, PAIRS))
    assert [each["labels"][0] for each in predictions] == [example.fields["label"] for example in PAIRS]


def test_the_order_of_a_pair_reaches_the_backbone(tiny_bert) -> None:
    _, model = make(PAIRS, tiny_bert)
    preprocessor, _ = make(PAIRS, tiny_bert)
    batch = batch_of(preprocessor, PAIRS[:1])
    tokens = {key: value for key, value in batch["tokens"].items() if key != "token_type_ids"}
    with torch.no_grad():
        with_segments, without = (model.eval().scores({**batch, "tokens": each}) for each in (batch["tokens"], tokens))
    assert not torch.allclose(with_segments, without)


@pytest.mark.parametrize("has_backbone", [False, True])
def test_learns_several_labels(has_backbone, tiny_bert) -> None:
    preprocessor, model = make(MULTI, tiny_bert if has_backbone else None, multi_label=True, dropout=0.0)
    assert learn(preprocessor, model, MULTI, steps=150) < 0.3
    predictions = model.eval().decode(batch_of(preprocessor, MULTI), with_prob=True)
    assert [sorted(each["labels"]) for each in predictions] == [example.fields["label"] for example in MULTI]
    assert all(each["probs"] == sorted(each["probs"], reverse=True) for each in predictions)
    assert all(probability > 0.5 for each in predictions for probability in each["probs"])


def test_the_threshold_decides_how_many_labels(tiny_bert) -> None:
    preprocessor, model = make(MULTI, tiny_bert, multi_label=True, class_threshold=0.001)
    predictions = model.eval().decode(batch_of(preprocessor, MULTI))
    assert all(len(each["labels"]) == 2 for each in predictions)


@pytest.mark.parametrize("pooling", ["first", "mean", "max", "attention"])
def test_all_of_a_long_text_counts(pooling, tiny_bert) -> None:
    preprocessor, model = make(TEXTS, tiny_bert, {"max_length": 16}, pooling=pooling)
    long = [Example("1", ["the"] * 40 + [last] + ["of"] * 40, fields={"label": "place"}) for last in ("london", "john")]
    with torch.no_grad():
        one, two = model.eval().scores(batch_of(preprocessor, long))
    assert one.isfinite().all() and not torch.allclose(one, two, atol=1e-6)


def test_the_vector_of_windows_is_the_mean_of_their_summaries(tiny_bert) -> None:
    preprocessor, model = make(TEXTS, tiny_bert, {"max_length": 12, "window_overlap": 0})
    halves = [Example("1", ["john", *["of"] * 9], fields={}), Example("2", ["london", *["the"] * 9], fields={})]
    whole = Example("3", [word for half in halves for word in half.tokens], fields={})
    with torch.no_grad():
        scores = model.eval().scores(batch_of(preprocessor, [*halves, whole]))
    torch.testing.assert_close(scores[:2].mean(0), scores[2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_threshold": 1.0}, "model.class_threshold is a probability between 0 and 1; received 1.0"),
        ({"multi_label": True, "loss": {"type": "focal"}}, "here each item may have several classes"),
        ({"loss": {"type": "bce"}}, "here each item has exactly one class"),
    ],
)
def test_options_that_do_not_fit(options, message) -> None:
    with pytest.raises(ModelError) as caught:
        make(TEXTS, **options)
    assert message in str(caught.value)
