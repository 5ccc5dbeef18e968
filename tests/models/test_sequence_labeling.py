"""The tagger, as a user of the class meets it."""

import pytest
import torch

from adaseq.data.example import Example
from adaseq.data.preprocessors.base import Preprocessor
from adaseq.errors import DataError, ModelError
from adaseq.models.assembly import build_collator, build_model, build_preprocessor

COLLATOR = "SequenceLabelingDataCollatorWithPadding"
SENTENCES = [
    Example(
        "1",
        ["mary", "smith", "works", "in", "new", "york"],
        [{"start": 0, "end": 2, "type": "PER"}, {"start": 4, "end": 6, "type": "LOC"}],
    ),
    Example("2", ["london"], [{"start": 0, "end": 1, "type": "LOC"}]),
    Example("3", ["the", "and", "of"], []),
]
WITH_CONTEXT = [
    Example(
        "1",
        ["in", "mary", "smith", "and", "john"],
        [{"start": 1, "end": 3, "type": "PER"}, {"start": 4, "end": 5, "type": "PER"}],
        mask=[False, True, True, False, True],
    ),
    Example("2", ["london"], [{"start": 0, "end": 1, "type": "LOC"}]),
    Example("3", ["of", "the"], [], mask=[False, False]),
]


def make(tiny_bert=None, preprocessor_options=None, examples=SENTENCES, **model_options):
    embedder = {"type": "embedding", "embedding_dim": 12}
    if tiny_bert is not None:
        embedder = {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)}
    block = {"type": "sequence-labeling-model", "embedder": embedder, **model_options}
    options = {"type": "sequence-labeling-preprocessor", **(preprocessor_options or {})}
    preprocessor = build_preprocessor(options, block, ["LOC", "PER"])
    preprocessor.fit(example.tokens for example in examples)
    torch.manual_seed(0)
    return preprocessor, build_model(block, preprocessor)


def batch_of(preprocessor: Preprocessor, examples, training=False):
    features = preprocessor.encode(examples, training)
    collator = build_collator(COLLATOR, preprocessor)
    return collator([{**each, "index": i} for i, each in enumerate(features)])


def learn(preprocessor, model, examples, steps=80):
    batch = batch_of(preprocessor, examples, training=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02 if preprocessor.vocabulary else 0.005)
    for _ in range(steps):
        loss = model.train()(batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


LSTM = {"type": "lstm", "hidden_size": 16, "bidirectional": True}
VARIANTS = [
    {"encoder": LSTM},
    {"use_crf": False},
    {"partial": True, "encoder": LSTM},
    {"constrained": True},
    {"partial": True, "constrained": True},
    {"dropout": 0.1, "word_dropout": 0.05},
]


@pytest.mark.parametrize("options", VARIANTS, ids=str)
@pytest.mark.parametrize("has_backbone", [False, True])
@pytest.mark.parametrize("examples", [SENTENCES, WITH_CONTEXT], ids=["plain", "context"])
def test_learns_its_training_data(options, has_backbone, examples, tiny_bert):
    preprocessor, model = make(tiny_bert if has_backbone else None, examples=examples, **options)
    assert learn(preprocessor, model, examples) < 0.3
    predictions = model.eval().decode(batch_of(preprocessor, examples), with_prob=True)
    for example, prediction in zip(examples, predictions, strict=True):
        assert [{k: s[k] for k in ("start", "end", "type")} for s in prediction["spans"]] == example.spans
        assert all(0.5 < span["prob"] <= 1 for span in prediction["spans"])
        assert len(prediction["tags"]) == len(example.tokens)


@pytest.mark.parametrize("use_crf", [True, False])
def test_order_and_company_in_the_batch_do_not_matter(tiny_bert, use_crf):
    preprocessor, model = make(tiny_bert, use_crf=use_crf)
    model.eval()
    together = model.decode(batch_of(preprocessor, SENTENCES), with_prob=True)
    for example, expected in zip(SENTENCES, together, strict=True):
        (alone,) = model.decode(batch_of(preprocessor, [example]), with_prob=True)
        assert alone["tags"] == expected["tags"]
        assert [s["prob"] for s in alone["spans"]] == pytest.approx([s["prob"] for s in expected["spans"]], abs=1e-5)


def test_a_long_sentence_is_predicted_whole(tiny_bert):
    """With a backbone of 64 pieces, 300 words are seen in windows; a linear tagger on windows of one word each agrees."""
    preprocessor, model = make(tiny_bert, {"max_length": 12}, use_crf=False)
    words = ["mary", "smith", "works", "in", "new", "york", "and", "london"] * 40
    example = Example("long", words, [])
    (prediction,) = model.eval().decode(batch_of(preprocessor, [example]))
    assert len(prediction["tags"]) == len(words)
    batch = batch_of(preprocessor, [example, SENTENCES[0]])
    assert batch["tokens"]["input_ids"].shape[0] > 2 and batch["tokens"]["stitch"].shape == (2, len(words))
    mixed = model.decode(batch)
    assert mixed[0]["tags"] == prediction["tags"]
    assert mixed[1]["tags"] == model.decode(batch_of(preprocessor, [SENTENCES[0]]))[0]["tags"]


def test_training_truncates_and_keeps_the_rest_of_the_batch(tiny_bert):
    preprocessor, model = make(tiny_bert, {"max_length": 6})
    batch = batch_of(preprocessor, SENTENCES, training=True)
    assert batch["label_ids"].shape == (3, 4)
    assert model(batch)["loss"].isfinite()


def test_padding_has_no_part_in_the_loss():
    preprocessor, model = make(encoder=LSTM)
    model.eval()
    together = model(batch_of(preprocessor, SENTENCES, training=True))["loss"]
    alone = [model(batch_of(preprocessor, [each], training=True))["loss"] for each in SENTENCES]
    torch.testing.assert_close(together, torch.stack(alone).mean())


def test_partial_annotation_allows_what_it_says():
    examples = [
        Example("any", ["mary", "of"], [{"start": 0, "end": 2, "type": "PARTIAL"}]),
        Example("some", ["new", "york"], [{"start": 0, "end": 2, "type": "PARTIAL", "allowed": ["LOC"]}]),
    ]
    preprocessor, model = make(examples=examples, partial=True)
    batch = batch_of(preprocessor, examples, training=True)
    tags = preprocessor.label_to_id
    assert batch["label_ids"].tolist() == [[-1, -1], [-1, -1]]
    assert batch["allowed"][0].all()
    assert batch["allowed"][1].nonzero().tolist() == [[0, tags["B-LOC"]], [1, tags["E-LOC"]]]
    learn(preprocessor, model, examples)
    assert model.eval().decode(batch)[1]["tags"] == ["B-LOC", "E-LOC"]


def test_without_a_partial_crf_words_that_are_not_annotated_are_left_out_or_refused():
    partial = [Example("1", ["mary", "of"], [{"start": 1, "end": 2, "type": "PARTIAL"}]), SENTENCES[1]]
    preprocessor, model = make(examples=partial)
    with pytest.raises(ModelError) as caught:
        model(batch_of(preprocessor, partial, training=True))
    assert str(caught.value) == (
        "some words of the training data are not annotated (PARTIAL): set model.partial: true, so that they may have any tag; or "
        "use_crf: false, which leaves them out"
    )
    preprocessor, model = make(examples=partial, use_crf=False)
    batch = batch_of(preprocessor, partial, training=True)
    loss = model.eval()(batch)["loss"]
    batch["label_ids"][batch["label_ids"] == -1] = -100
    torch.testing.assert_close(loss, model(batch)["loss"])


def test_a_label_never_seen_in_training_is_an_error_with_its_place():
    preprocessor, _ = make()
    bad = Example("9", ["mary"], [{"start": 0, "end": 1, "type": "CAR"}], origin="train.txt:7")
    with pytest.raises(DataError, match=r"train.txt:7: the tag 'S-CAR' of the word 'mary' is not among the labels"):
        preprocessor.encode([bad], training=True)
    assert preprocessor.encode([bad], training=False)


def test_a_crf_option_without_a_crf_is_refused():
    with pytest.raises(ModelError, match="model.partial: true needs a CRF"):
        make(use_crf=False, partial=True)


def test_bf16_predicts_almost_the_same(tiny_bert):
    preprocessor, model = make(tiny_bert)
    batch = batch_of(preprocessor, SENTENCES)
    exact = model.eval().emissions(batch)[0]
    rough = model.to(torch.bfloat16).emissions(batch)[0]
    torch.testing.assert_close(rough.float(), exact, atol=0.05, rtol=0.05)
    assert len(model.decode(batch, with_prob=True)) == 3
