"""Models that give mentions any number of types, as users of the classes meet them."""

from __future__ import annotations

import logging

import pytest
import torch

from adaseq.data.example import Example
from adaseq.errors import ModelError
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.model_folder import load_model_folder, save_model_folder
from adaseq.models.multilabel_concat_typing_mcce import _shuffled

LABELS = ["city", "female", "person", "place"]
KINDS = {
    "multilabel-span-typing-model": (
        "multilabel-span-typing-preprocessor",
        "MultiLabelSpanTypingDataCollatorWithPadding",
    ),
    "multilabel-concat-typing-model": (
        "multilabel-concat-typing-preprocessor",
        "MultiLabelConcatTypingDataCollatorWithPadding",
    ),
    "multilabel-concat-typing-model-mcce-s": (
        "multilabel-concat-typing-mcce-preprocessor",
        "MultiLabelConcatTypingDataCollatorWithPadding",
    ),
}
EVERY = pytest.mark.parametrize("kind", KINDS)


def mention(start, end, *types, **more):
    return {"start": start, "end": end, "type": "", "types": list(types), **more}


EXAMPLES = [
    Example(
        "1", ["mary", "lives", "in", "london"], [mention(0, 1, "person", "female"), mention(3, 4, "city", "place")]
    ),
    Example("2", ["john", "smith", "works"], [mention(0, 2, "person")]),
    Example("3", ["of"]),
    Example("4", ["in", "new", "york", "and", "the", "land"], [mention(1, 3, "city", "place"), mention(4, 6, "place")]),
]


def make(kind, tiny_bert=None, labels=LABELS, preprocessor_options=None, **options):
    embedder = {"type": "embedding", "embedding_dim": 16, "init_std": 1.0}
    if tiny_bert is not None:
        embedder = {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)}
    block = {"type": kind, "embedder": embedder, **options}
    if tiny_bert is None and "mcce" in kind:
        block["encoder"] = {"type": "lstm", "hidden_size": 8, "bidirectional": True}
    preprocessor_block = {"type": KINDS[kind][0], **(preprocessor_options or {})}
    preprocessor = build_preprocessor(preprocessor_block, block, list(labels))
    preprocessor.fit(preprocessor.words_of(example) for example in EXAMPLES)
    torch.manual_seed(0)
    config = {
        "task": "entity-typing",
        "model": block,
        "preprocessor": preprocessor_block,
        "data_collator": KINDS[kind][1],
    }
    return preprocessor, build_model(block, preprocessor), config


def batch_of(preprocessor, kind, examples, training=False):
    features = preprocessor.encode(examples, training)
    collator = build_collator(KINDS[kind][1], preprocessor)
    return collator([{**each, "index": i} for i, each in enumerate(features)])


def learn(kind, preprocessor, model, steps=150):
    batch = batch_of(preprocessor, kind, EXAMPLES, training=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.006 if preprocessor.vocabulary else 0.003)
    for _ in range(steps):
        loss = model.train()(batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()


def types_of(predictions):
    return [[set(span["types"]) for span in each["spans"]] for each in predictions]


WANTED = [[set(span["types"]) for span in example.spans] for example in EXAMPLES]


@EVERY
@pytest.mark.parametrize("has_backbone", [True, False])
def test_it_learns_the_types_of_every_mention(kind, has_backbone, tiny_bert):
    preprocessor, model, _ = make(kind, tiny_bert if has_backbone else None)
    learn(kind, preprocessor, model)
    assert types_of(model.decode(batch_of(preprocessor, kind, EXAMPLES))) == WANTED


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("multilabel-span-typing-model", {"use_biaffine": True}),
        ("multilabel-span-typing-model", {"decoder": "pairwise-crf", "span_hidden_size": 5}),
        ("multilabel-concat-typing-model", {"decoder": {"type": "pairwise-crf", "label_emb_dim": 6}}),
        ("multilabel-concat-typing-model", {"decoder": {"type": "pairwise-crf", "return_logits": False}}),
        ("multilabel-concat-typing-model", {"loss_function": "WBCE", "pos_weight": 3.0, "pooling": "attention"}),
        ("multilabel-concat-typing-model", {"mention_pooling": "mean", "loss": {"type": "partial-bce"}}),
    ],
)
def test_it_learns_with_other_options(kind, options):
    preprocessor, model, _ = make(kind, **options)
    learn(kind, preprocessor, model, steps=800)  # the slowest takes 550 with some seeds
    assert types_of(model.decode(batch_of(preprocessor, kind, EXAMPLES))) == WANTED


@EVERY
def test_a_prediction_names_its_mention(kind):
    preprocessor, model, _ = make(kind)
    predictions = model.eval().decode(batch_of(preprocessor, kind, EXAMPLES), with_prob=True)
    places = [[(span["start"], span["end"], span["type"]) for span in each["spans"]] for each in predictions]
    assert places == [[(span["start"], span["end"], "") for span in example.spans] for example in EXAMPLES]
    for each in predictions:
        for span in each["spans"]:
            assert len(span["probs"]) == len(span["types"]) and span["probs"] == sorted(span["probs"], reverse=True)


@EVERY
def test_mentions_do_not_depend_on_company(kind):
    preprocessor, model, _ = make(kind, class_threshold=0.4)
    model.eval()
    together = model.decode_possible(batch_of(preprocessor, kind, EXAMPLES))
    for example, predicted in zip(EXAMPLES, together, strict=True):
        for span, found in zip(example.spans, predicted["spans"], strict=True):
            alone = Example("x", example.tokens, [span])
            (only,) = model.decode_possible(batch_of(preprocessor, kind, [alone]))[0]["spans"]
            assert [name for name, _ in only["possible"]] == [name for name, _ in found["possible"]]
            assert [p for _, p in only["possible"]] == pytest.approx([p for _, p in found["possible"]], abs=1e-5)


@EVERY
def test_the_loss_is_the_mean_over_mentions_not_over_padding(kind):
    """A batch of sentences with different numbers of mentions costs what its mentions cost one by one."""
    preprocessor, model, _ = make(kind)
    model.eval()
    together = model(batch_of(preprocessor, kind, EXAMPLES, training=True))["loss"]
    alone = [
        model(batch_of(preprocessor, kind, [Example(example.id, example.tokens, [span])], training=True))["loss"]
        for example in EXAMPLES
        for span in example.spans
    ]
    torch.testing.assert_close(together, torch.stack(alone).mean())


@EVERY
def test_a_batch_without_mentions_costs_nothing(kind):
    preprocessor, model, _ = make(kind)
    loss = model(batch_of(preprocessor, kind, [EXAMPLES[2]], training=True))["loss"]
    loss.backward()
    assert loss == 0 and all(each.grad is None or not each.grad.any() for each in model.parameters())
    assert model.decode(batch_of(preprocessor, kind, [EXAMPLES[2]])) == [{"spans": []}]


@EVERY
def test_saved_with_its_threshold(kind, tiny_bert, tmp_path):
    preprocessor, model, config = make(kind, tiny_bert, class_threshold=0.5)
    model.set_threshold(0.123)
    save_model_folder(tmp_path / "model", model, preprocessor, config)
    loaded = load_model_folder(tmp_path / "model")
    assert float(loaded.model.threshold) == pytest.approx(0.123)
    assert loaded.config["model"]["class_threshold"] == pytest.approx(0.123)
    assert list(loaded.model.id_to_label) == [0, 1, 2, 3] and loaded.preprocessor.labels == LABELS
    batch = batch_of(loaded.preprocessor, kind, EXAMPLES)
    assert loaded.model.decode(batch, with_prob=True) == model.eval().decode(batch, with_prob=True)


def test_a_pairwise_crf_is_saved_too(tmp_path):
    kind = "multilabel-concat-typing-model"
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("city 1 2\nperson 3 4\n", encoding="utf-8")
    decoder = {"type": "pairwise-crf", "label_emb_dim": 2, "source_emb_file_path": str(vectors)}
    preprocessor, model, config = make(kind, decoder=decoder)
    save_model_folder(tmp_path / "model", model, preprocessor, config)
    vectors.unlink()
    loaded = load_model_folder(tmp_path / "model")
    assert config["model"]["decoder"] == decoder
    batch = batch_of(preprocessor, kind, EXAMPLES)
    assert loaded.model.decode(batch, with_prob=True) == model.eval().decode(batch, with_prob=True)


@pytest.mark.parametrize("threshold", [1e-8, 1 - 1e-8])
def test_saved_with_a_threshold_that_is_nearly_certain(threshold, tmp_path):
    preprocessor, model, config = make("multilabel-span-typing-model", class_threshold=threshold)
    save_model_folder(tmp_path / "model", model, preprocessor, config)
    assert load_model_folder(tmp_path / "model").model.threshold == model.threshold


def test_what_is_predicted_goes_by_the_threshold():
    kind = "multilabel-span-typing-model"
    preprocessor, model, _ = make(kind)
    model.eval()
    batch = batch_of(preprocessor, kind, EXAMPLES)
    probabilities = model.type_scores(batch).sigmoid()
    for threshold in (0.02, 0.45, 0.55, 0.98):
        model.set_threshold(threshold)
        found = [span for each in model.decode(batch) for span in each["spans"]]
        expected = [{LABELS[i] for i in (row > threshold).nonzero()[:, 0].tolist()} for row in probabilities]
        assert [set(span["types"]) for span in found] == expected


@pytest.mark.parametrize("kind", [name for name in KINDS if "concat" in name])
def test_a_mention_of_its_own_always_has_a_type(kind):
    preprocessor, model, _ = make(kind)
    model.eval().set_threshold(0.999)
    found = [span["types"] for each in model.decode(batch_of(preprocessor, kind, EXAMPLES)) for span in each["spans"]]
    assert [len(types) for types in found] == [1] * 5


@pytest.mark.parametrize("kind", [name for name in KINDS if "concat" in name])
def test_or_so_many_as_are_wanted(kind):
    preprocessor, model, _ = make(kind, top_k=3)
    batch = batch_of(preprocessor, kind, EXAMPLES)
    assert [len(s["types"]) for each in model.eval().decode(batch) for s in each["spans"]] == [3] * 5
    with pytest.raises(ModelError, match="top_k: 3 predicts so many types whatever their probability"):
        model.decode_possible(batch)


@EVERY
def test_what_is_possible_holds_for_every_threshold(kind):
    preprocessor, model, _ = make(kind)
    model.eval()
    batch = batch_of(preprocessor, kind, EXAMPLES)
    possible = model.decode_possible(batch)
    for threshold in (0.3, 0.5, 0.7):
        model.set_threshold(threshold)
        for each, predicted in zip(possible, model.decode(batch), strict=True):
            for span, found in zip(each["spans"], predicted["spans"], strict=True):
                chosen = [n for i, (n, p) in enumerate(span["possible"]) if p > threshold or i < span["fewest"]]
                assert chosen == found["types"]


def test_only_candidates_are_predicted_and_learned():
    kind = "multilabel-concat-typing-model-mcce-s"
    preprocessor, model, _ = make(kind)
    model.eval().set_threshold(0.011)
    example = Example("1", ["mary", "lives"], [mention(0, 1, "person", "city", candidates=["person", "place"])])
    batch = batch_of(preprocessor, kind, [example], training=True)
    (span,) = model.decode(batch)[0]["spans"]
    assert set(span["types"]) == {"person", "place"}
    assert model.targets(batch).tolist() == [[-1, -1, 1, 0]]
    model.top_k = 3
    assert len(model.decode(batch)[0]["spans"][0]["types"]) == 2


def test_training_shuffles_candidates_with_their_pieces(tiny_bert):
    kind = "multilabel-concat-typing-model-mcce-s"
    labels = [f"type_{i}" for i in range(20)]
    preprocessor, _, _ = make(kind, tiny_bert, labels)
    examples = [
        Example("1", ["mary", "lives"], [mention(0, 1), mention(1, 2, candidates=labels[:3])]),
        Example("2", ["london"], [mention(0, 1)]),
    ]
    batch = batch_of(preprocessor, kind, examples, training=True)
    first = preprocessor.tokenizer.num_pieces
    seen = set()
    for _ in range(5):
        shuffled = _shuffled(batch)
        ids, candidates = shuffled["tokens"]["input_ids"], shuffled["candidates"]
        assert torch.equal(candidates.sort().values, batch["candidates"].sort().values)
        assert torch.equal(candidates[1, 3:], batch["candidates"][1, 3:])
        for row in range(3):
            known = candidates[row][candidates[row] >= 0]
            assert ids[row][ids[row] >= first].tolist() == (first + known).tolist()
        assert torch.equal(ids < first, batch["tokens"]["input_ids"] < first)
        seen.add(tuple(candidates[0].tolist()))
    assert len(seen) == 5
    model = make(kind, tiny_bert, labels)[1].eval()
    assert model.decode(batch) == model.decode(batch)


def test_candidates_need_one_vocabulary():
    stack = {"type": "stacked", "embedders": [{"type": "embedding", "embedding_dim": 4}, "char-cnn"]}
    with pytest.raises(ModelError, match=r"model\.embedder must be transformer-embedder or embedding here"):
        block = {"type": "multilabel-concat-typing-model-mcce-s", "embedder": stack}
        preprocessor = build_preprocessor({"type": "multilabel-concat-typing-mcce-preprocessor"}, block, LABELS)
        preprocessor.fit(preprocessor.words_of(example) for example in EXAMPLES)
        build_model(block, preprocessor)


def test_probabilities_belong_to_candidates_wherever_they_stand():
    """Scores go with the types, not with the places: the encoder here is a plain table, so that order changes nothing."""
    kind = "multilabel-concat-typing-model-mcce-s"
    block = {"type": kind, "embedder": {"type": "embedding", "embedding_dim": 8}}
    preprocessor = build_preprocessor({"type": KINDS[kind][0]}, block, LABELS)
    preprocessor.fit(preprocessor.words_of(example) for example in EXAMPLES)
    model = build_model(block, preprocessor).eval()
    found = []
    for order in (LABELS, LABELS[::-1], ["place", "city", "person", "female"]):
        example = Example("1", ["mary"], [mention(0, 1, candidates=order)])
        found.append(dict(model.decode_possible(batch_of(preprocessor, kind, [example]))[0]["spans"][0]["possible"]))
    assert found[0] == pytest.approx(found[1]) and found[0] == pytest.approx(found[2]) and len(found[0]) == 4


def test_a_type_begins_as_the_mean_of_its_name(tiny_bert):
    preprocessor, model, _ = make("multilabel-concat-typing-model-mcce-s", tiny_bert, ["new_york", "london"])
    table = model.embedder.transformer_model.get_input_embeddings().weight
    new, london = preprocessor.label_pieces
    assert len(table) == preprocessor.num_pieces
    torch.testing.assert_close(table[-2], table[new].mean(0))
    torch.testing.assert_close(table[-1], table[london[0]])


def test_candidates_see_each_other_in_one_decoder_only():
    with pytest.raises(ModelError, match=r"model\.decoder must be linear here"):
        make("multilabel-concat-typing-model-mcce-s", decoder={"type": "pairwise-crf"})


@EVERY
def test_arguments_that_mean_nothing_are_refused(kind):
    with pytest.raises(ModelError, match=r"model\.class_threshold is a probability between 0 and 1; received 1"):
        make(kind, class_threshold=1.0)
    with pytest.raises(ModelError, match=r"model\.pos_weight must be more than 0; received -1"):
        make(kind, loss_function="WBCE", pos_weight=-1.0)
    with pytest.raises(
        ModelError, match=r"model\.loss\.type is 'CrossEntropy', but here each item may have several classes"
    ):
        make(kind, loss={"type": "cross-entropy"})


def test_no_top_k_of_nothing():
    with pytest.raises(ModelError, match=r"model\.top_k must be at least 1, or -1 to go by the threshold; received 0"):
        make("multilabel-concat-typing-model", top_k=0)


def test_a_weight_without_effect_is_told(caplog):
    with caplog.at_level(logging.WARNING):
        make("multilabel-span-typing-model", pos_weight=2.0)
    assert "model.pos_weight has an effect only with loss_function: WBCE." in caplog.text


def test_long_text_is_seen_in_windows(tiny_bert):
    """The words of a mention far behind have the vectors of the window that they are in."""
    kind = "multilabel-span-typing-model"
    preprocessor, model, _ = make(kind, tiny_bert, preprocessor_options={"max_length": 12, "window_overlap": 4})
    words = ["mary"] * 40 + ["london"]
    example = Example("1", words, [mention(0, 1), mention(40, 41)])
    spans = model.eval().decode(batch_of(preprocessor, kind, [example]))[0]["spans"]
    assert [(span["start"], span["end"]) for span in spans] == [(0, 1), (40, 41)]
