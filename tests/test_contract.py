"""What every registered component promises, checked for each by name. A new component needs a line in the tables here."""

from __future__ import annotations

import inspect

import pytest
import torch

from adaseq import metainfo
from adaseq.data.example import Example
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.model_folder import load_model_folder, save_model_folder
from adaseq.registry import (
    DATA_COLLATORS,
    DECODERS,
    EMBEDDERS,
    ENCODERS,
    FORMATS,
    HOOKS,
    METRICS,
    MODELS,
    PREPROCESSORS,
    SPLITTERS,
    TRAINERS,
    Registry,
)

KINDS = {
    metainfo.Models: MODELS,
    metainfo.Embedders: EMBEDDERS,
    metainfo.Encoders: ENCODERS,
    metainfo.Decoders: DECODERS,
    metainfo.Preprocessors: PREPROCESSORS,
    metainfo.DataCollators: DATA_COLLATORS,
    metainfo.Formats: FORMATS,
    metainfo.Splitters: SPLITTERS,
    metainfo.Metrics: METRICS,
    metainfo.Hooks: HOOKS,
    metainfo.Trainers: TRAINERS,
}

EXAMPLES = [
    Example("1", ["mary", "smith", "lives", "in", "london"], [
        {"start": 0, "end": 2, "type": "PER"}, {"start": 4, "end": 5, "type": "LOC"}
    ]),
    Example("2", ["of"], []),
    Example("3", ["new", "york"], [{"start": 0, "end": 2, "type": "LOC"}]),
]  # fmt: skip

# One model for each registered one, and more where an option changes what it is made of.
MODEL_BLOCKS = {
    "crf": {"type": "sequence-labeling-model"},
    "linear": {"type": "sequence-labeling-model", "use_crf": False},
    "partial-crf": {"type": "sequence-labeling-model", "partial": True},
    "constrained-crf": {"type": "sequence-labeling-model", "constrained": True},
}
EMBEDDER_BLOCKS = {
    "embedding": {"type": "embedding", "embedding_dim": 8},
    "transformer-embedder": {"type": "transformer-embedder", "model_name_or_path": "tiny-bert"},
}
ENCODER_BLOCKS = {name: {"type": name, "hidden_size": 6, "bidirectional": True} for name in ("lstm", "gru", "rnn")}
PARTNERS = {
    "sequence-labeling-model": ("sequence-labeling-preprocessor", "SequenceLabelingDataCollatorWithPadding"),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_public_name_has_a_class_and_every_class_a_name(kind):
    names = {value for name, value in vars(kind).items() if not name.startswith("_")}
    assert names <= set(KINDS[kind].names())
    ours = {name for name, cls in KINDS[kind]._classes.items() if cls.__module__.startswith("adaseq.")}
    assert ours == names


def components():
    for registry in [each for each in Registry.instances if each.home.startswith("adaseq.")]:
        for name in registry.names():
            component = registry.get(name)
            if component.__module__.startswith("adaseq.") and component.__init__ is not object.__init__:
                yield pytest.param(component, id=name)


@pytest.mark.parametrize("component", list(components()))
def test_constructors_name_every_argument_with_a_type(component):
    for parameter in list(inspect.signature(component.__init__).parameters.values())[1:]:
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD or parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.annotation is not parameter.empty


@pytest.mark.parametrize("component", list(components()))
def test_every_argument_is_documented(component):
    text = "\n".join(filter(None, (inspect.getdoc(each) for each in component.__mro__ if each is not object)))
    for name in list(inspect.signature(component.__init__).parameters)[1:]:
        assert f"{name}:" in text, f"{component.__qualname__} says nothing about '{name}'"


def test_the_tables_hold_every_component():
    assert {block["type"] for block in MODEL_BLOCKS.values()} == {
        v for k, v in vars(metainfo.Models).items() if k.isupper()
    }
    assert set(EMBEDDER_BLOCKS) == {v for k, v in vars(metainfo.Embedders).items() if k.isupper()}
    assert set(ENCODER_BLOCKS) == {v for k, v in vars(metainfo.Encoders).items() if k.isupper()}


def cases():
    for model in MODEL_BLOCKS:
        for embedder in EMBEDDER_BLOCKS:
            yield model, embedder, None
    for encoder in ENCODER_BLOCKS:
        yield "crf", "embedding", encoder


class Built:
    """A model with what belongs to it."""

    def __init__(self, model: str, embedder: str, encoder: str | None, tiny_bert) -> None:
        block = {**MODEL_BLOCKS[model], "embedder": dict(EMBEDDER_BLOCKS[embedder])}
        if "model_name_or_path" in block["embedder"]:
            block["embedder"]["model_name_or_path"] = str(tiny_bert)
        if encoder is not None:
            block["encoder"] = ENCODER_BLOCKS[encoder]
        preprocessor, self.collator_name = PARTNERS[block["type"]]
        self.config = {
            "task": "named-entity-recognition",
            "model": block,
            "preprocessor": {"type": preprocessor},
            "data_collator": self.collator_name,
        }
        self.preprocessor = build_preprocessor(self.config["preprocessor"], block, ["LOC", "PER"])
        self.preprocessor.fit(example.tokens for example in EXAMPLES)
        torch.manual_seed(0)
        self.model = build_model(block, self.preprocessor)

    def batch(self, examples, training=False):
        features = self.preprocessor.encode(examples, training)
        collator = build_collator(self.collator_name, self.preprocessor)
        return collator([{**each, "index": i} for i, each in enumerate(features)])


@pytest.fixture(params=list(cases()), ids=lambda case: "-".join(filter(None, case)))
def built(request, tiny_bert):
    return Built(*request.param, tiny_bert)


def test_every_parameter_gets_a_gradient(built):
    outputs = built.model.train()(built.batch(EXAMPLES, training=True))
    assert outputs["loss"].ndim == 0 and outputs["loss"].isfinite()
    outputs["loss"].backward()
    without = [name for name, p in built.model.named_parameters() if p.grad is None]
    assert not without


def test_predictions_do_not_depend_on_order_or_company(built):
    built.model.eval()
    together = built.model.decode(built.batch(EXAMPLES), with_prob=True)
    backwards = built.model.decode(built.batch(EXAMPLES[::-1]), with_prob=True)[::-1]
    alone = [built.model.decode(built.batch([example]), with_prob=True)[0] for example in EXAMPLES]
    for one, two, three in zip(together, backwards, alone, strict=True):
        assert plain(one) == plain(two) == plain(three)


def test_predictions_are_plain_python(built):
    import json

    predictions = built.model.eval().decode(built.batch(EXAMPLES), with_prob=True)
    assert json.loads(json.dumps(predictions)) == predictions


def test_an_empty_and_a_one_word_sentence(built):
    examples = [Example("0", [], []), EXAMPLES[1]]
    predictions = built.model.eval().decode(built.batch(examples), with_prob=True)
    assert predictions[0]["spans"] == [] and len(predictions) == 2
    assert built.model.decode(built.batch(examples[:1]))[0]["spans"] == []


def test_saved_and_loaded_it_is_the_same(built, tmp_path):
    save_model_folder(tmp_path / "model", built.model, built.preprocessor, built.config)
    loaded = load_model_folder(tmp_path / "model")
    before, after = built.model.state_dict(), loaded.model.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    built.model.eval()
    assert loaded.model.decode(built.batch(EXAMPLES)) == built.model.decode(built.batch(EXAMPLES))


def plain(prediction):
    spans = [{**span, "prob": round(span["prob"], 4)} for span in prediction["spans"]]
    return {**prediction, "spans": spans}
