"""Models of flat, nested and discontinuous entities: what they can learn, and what they find in long text."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch.nn.functional import elu, linear, pad

from adaseq.data.example import Example
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.modules.grid_losses import sum_over_grid
from tests.live_memory import peak_bytes

LSTM = {"type": "lstm", "hidden_size": 16, "bidirectional": True}
MODELS = {
    "biaffine": {"type": "biaffine-ner-model", "biaffine_ffnn_size": 16, "encoder": LSTM},
    "biaffine-types": {"type": "biaffine-ner-model", "biaffine_ffnn_size": 16, "multi_label": True, "encoder": LSTM},
    "biaffine-nested": {"type": "biaffine-ner-model", "biaffine_ffnn_size": 16, "flat_ner": False, "encoder": LSTM},
    "biaffine-words": {
        "type": "biaffine-ner-model",
        "biaffine_ffnn_size": 16,
        "flat_ner": False,
        "word_scores": True,
        "encoder": LSTM,
    },
    "pointer": {"type": "global-pointer-model", "token_ffn_out_width": 16, "encoder": LSTM},
    "pointer-words": {
        "type": "global-pointer-model",
        "token_ffn_out_width": 16,
        "word_scores": True,
        "encoder": LSTM,
    },
    "full-pointer": {
        "type": "global-pointer-model",
        "token_ffn_out_width": 16,
        "efficient": False,
        "encoder": LSTM,
    },
    "w2ner": {
        "type": "w2ner-model",
        "biaffine_size": 16,
        "ffnn_hid_size": 16,
        "lstm_encoder": {"type": "lstm", "hidden_size": 16, "bidirectional": True},
        "cnn_encoder": {"channels": 8, "dilation": [1, 2], "dropout": 0.0},
        "emb_dropout": 0.0,
        "out_dropout": 0.0,
    },
    "twostage": {"type": "twostage-ner-model", "encoder": LSTM},
}
PREPROCESSORS = {
    "biaffine-ner-model": "span-extraction",
    "global-pointer-model": "span-extraction",
    "w2ner-model": "word-extraction",
    "twostage-ner-model": "twostage",
}
COLLATORS = {"span-extraction": "SpanExtraction", "word-extraction": "WordExtraction", "twostage": "Twostage"}
LABELS = ["LOC", "ORG", "SYM"]


def span(start, end, kind, parts=None):
    return {"start": start, "end": end, "type": kind, **({"parts": parts} if parts else {})}


def as_sorted(spans):
    """By start and end, parts as tuples."""
    return sorted((each["start"], each["end"], each["type"], *map(tuple, each.get("parts", ()))) for each in spans)


FLAT = [
    Example("1", ["mary", "works", "in", "new", "york"], [span(3, 5, "LOC")]),
    Example("2", ["york", "city", "bank", "lends", "in", "london"], [span(0, 3, "ORG"), span(5, 6, "LOC")]),
    Example("3", ["nothing", "works"], []),
]
NESTED = [
    Example("1", ["the", "bank", "of", "new", "york", "lends"], [span(1, 5, "ORG"), span(3, 5, "LOC")]),
    Example("2", ["london", "lends"], [span(0, 1, "LOC")]),
]
CROSSING = [Example("1", ["new", "york", "city", "bank", "lends"], [span(0, 3, "LOC"), span(1, 4, "ORG")]), FLAT[2]]
TWO_TYPES = [Example("1", ["lends", "new", "york"], [span(1, 3, "LOC"), span(1, 3, "ORG")]), FLAT[2]]
GAPS = [
    Example("1", ["pain", "in", "arms", "and", "legs"], [
        span(0, 3, "SYM"), span(0, 5, "SYM", [(0, 2), (4, 5)])
    ]),
    Example("2", ["legs", "and", "arms"], []),
]  # fmt: skip
FORMS = {"nested": NESTED, "crossing": CROSSING, "several types": TWO_TYPES, "discontinuous": GAPS}


class Trained:
    """A model that has learned some sentences by heart."""

    def __init__(self, name, examples, embedder=None, steps=120, lr=0.02, **options):
        block = {**MODELS[name], "embedder": embedder or {"type": "embedding", "embedding_dim": 16}}
        kind = PREPROCESSORS[block["type"]]
        self.preprocessor = build_preprocessor({"type": f"{kind}-preprocessor", **options}, block, LABELS)
        self.preprocessor.fit([self.preprocessor.words_of(example) for example in examples])
        self.collator = build_collator(f"{COLLATORS[kind]}DataCollatorWithPadding", self.preprocessor)
        torch.manual_seed(1)
        self.model = build_model(block, self.preprocessor).train()
        optimizer = torch.optim.Adam(self.model.parameters(), lr)
        batch = self.batch(examples, training=True)
        for _ in range(steps):
            optimizer.zero_grad()
            self.model(batch)["loss"].backward()
            optimizer.step()
        self.model.eval()

    def batch(self, examples, training=False):
        features = self.preprocessor.encode(examples, training)
        return self.collator([{**each, "index": i} for i, each in enumerate(features)])

    def found(self, examples):
        predictions = self.model.decode(self.batch(examples), with_prob=True)
        assert all(0 < each["prob"] <= 1 for prediction in predictions for each in prediction["spans"])
        return [
            [{key: value for key, value in each.items() if key != "prob"} for each in prediction["spans"]]
            for prediction in predictions
        ]


@pytest.mark.parametrize("name", MODELS)
def test_flat_entities_are_learned(name):
    trained = Trained(name, FLAT)
    assert trained.found(FLAT) == [example.spans for example in FLAT]


@pytest.mark.parametrize(
    "name", ["biaffine-nested", "biaffine-words", "pointer", "pointer-words", "full-pointer", "w2ner"]
)
def test_nested_entities_are_learned(name):
    trained = Trained(name, NESTED)
    assert trained.found(NESTED) == [example.spans for example in NESTED]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MODELS)
def test_a_model_finds_the_entities_that_it_says_it_finds(name, form):
    trained = Trained(name, FORMS[form], steps=200)
    found, annotated = trained.found(FORMS[form]), [example.spans for example in FORMS[form]]
    is_found = all(as_sorted(one) == as_sorted(other) for one, other in zip(found, annotated, strict=True))
    assert is_found == (form in trained.model.entity_forms)


@pytest.mark.parametrize("name", ["biaffine", "twostage"])
def test_flat_models_find_no_entity_in_another(name):
    for spans in Trained(name, NESTED).found(NESTED):
        assert all(one["end"] <= two["start"] for one, two in pairwise(spans))


def test_entities_in_several_parts_are_learned():
    trained = Trained("w2ner", GAPS, steps=200)
    found = trained.found(GAPS)
    assert found[1] == []
    assert sorted((each["start"], each["end"], tuple(map(tuple, each.get("parts", ())))) for each in found[0]) == [
        (0, 3, ()),
        (0, 5, ((0, 2), (4, 5))),
    ]


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_lost_behind_the_end_of_a_window(name, tiny_bert):
    short = Example("1", ["mary", "smith", "lives", "in", "london"], [span(4, 5, "LOC")])
    words = ["of"] * 40 + short.tokens + ["of"] * 7
    windows = Trained(
        name,
        [short],
        {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)},
        steps=60,
        lr=0.005,
        max_length=12,
        window_overlap=6,
    )
    assert windows.found([short]) == [short.spans]
    long = Example("2", words, [])
    (features,) = windows.preprocessor.encode([long], training=False)
    assert features["num_words"] == len(words)
    found = windows.found([long])[0]
    assert span(44, 45, "LOC") in found


@pytest.mark.parametrize("name", MODELS)
def test_losses_and_scores_are_finite_in_bfloat16(name):
    trained = Trained(name, FLAT, steps=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = trained.model.train()(trained.batch(FLAT, training=True))["loss"]
    loss.backward()
    assert loss.isfinite() and all(p.grad is None or p.grad.isfinite().all() for p in trained.model.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_padding_is_no_negative_example(name):
    """The gradient of a short sentence's words is the same beside a long one that asks for nothing."""
    trained = Trained(name, FLAT, steps=2)
    context = Example("4", ["nothing"] * 30, [], mask=[False] * 30)
    losses = []
    for examples in ([FLAT[0]], [FLAT[0], context]):
        outputs = trained.model.eval()(trained.batch(examples, training=True))
        losses.append(outputs["loss"].item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-4) or losses[0] == pytest.approx(2 * losses[1], rel=1e-4)


@pytest.mark.parametrize("name", ["biaffine", "biaffine-words", "pointer", "pointer-words", "full-pointer", "w2ner"])
def test_grids_in_parts_teach_the_same(name, monkeypatch):
    trained = Trained(name, FLAT, steps=2)
    trained.model.train().double()
    gradients = []
    for limits in ({"most": 10**9}, {"most": 0, "most_at_once": 50}):
        for module in ("biaffine_ner", "global_pointer", "w2ner"):
            monkeypatch.setattr(
                f"adaseq.models.{module}.sum_over_grid",
                lambda *given, limits=limits, **options: sum_over_grid(*given, **{**options, **limits}),
            )
        trained.model.zero_grad()
        trained.model(trained.batch(FLAT, training=True))["loss"].backward()
        gradients.append({key: each.grad.clone() for key, each in trained.model.named_parameters()})
    assert all(torch.allclose(each, gradients[1][key]) for key, each in gradients[0].items())


@pytest.mark.parametrize("name", ["biaffine", "biaffine-words", "pointer", "pointer-words", "full-pointer", "w2ner"])
def test_a_training_step_keeps_no_whole_grids(name):
    labels = [f"T{number}" for number in range(20)]
    block = {**MODELS[name], "embedder": {"type": "embedding", "embedding_dim": 16}}
    for option in ("encoder", "lstm_encoder", "biaffine_ffnn_size", "token_ffn_out_width"):
        block.pop(option, None)
    kind = PREPROCESSORS[block["type"]]
    preprocessor = build_preprocessor({"type": f"{kind}-preprocessor"}, block, labels)
    example = Example("1", ["word"] * 192, [span(i, i + 2, labels[i % 20]) for i in range(0, 190, 9)])
    preprocessor.fit([preprocessor.words_of(example)])
    features = preprocessor.encode([example] * 16, training=True)
    batch = build_collator(f"{COLLATORS[kind]}DataCollatorWithPadding", preprocessor)(
        [{**each, "index": i} for i, each in enumerate(features)]
    )
    model = build_model(block, preprocessor).train()
    scores = 4 * 16 * 192**2 * 20
    assert peak_bytes(lambda: model(batch)["loss"].backward()) < scores


@pytest.mark.parametrize("name", ["biaffine", "w2ner"])
def test_each_sentence_has_the_same_share_in_the_loss(name):
    trained = Trained(name, FLAT, steps=2)
    loss, *alone = (
        trained.model(trained.batch(each, training=True))["loss"] for each in (FLAT, *([one] for one in FLAT))
    )
    assert loss.item() == pytest.approx(sum(each.item() for each in alone) / 3, rel=1e-4)


def test_the_biaffine_weights_of_the_old_adaseq_give_the_old_scores():
    model = Trained("biaffine", FLAT, steps=0).model
    torch.manual_seed(0)
    size, classes = 16 + 1, len(LABELS) + 1
    old = {
        "scorer.span_biaff.linear.weight": torch.randn(classes * size, size),
        **{f"scorer.mlp_{end}.weight": torch.randn(16, model.word_size) for end in ("start", "end")},
        **{f"scorer.mlp_{end}.bias": torch.randn(16) for end in ("start", "end")},
    }
    words = torch.randn(2, 5, model.word_size)
    # The two were exchanged.
    ends, starts = (
        pad(elu(linear(words, old[f"scorer.mlp_{end}.weight"], old[f"scorer.mlp_{end}.bias"])), (0, 1), value=1.0)
        for end in ("start", "end")
    )
    form = old["scorer.span_biaff.linear.weight"].view(classes, size, size)
    expected = torch.einsum("bid,kde,bje->bikj", starts, form, ends)
    missing, unexpected = model.load_state_dict(model.upgraded(old), strict=False)
    assert not unexpected and not any(name.startswith("scorer") for name in missing)
    scores = model.scorer.scores(model.scorer(words))
    assert torch.allclose(scores, expected, rtol=1e-4, atol=1e-3)
