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
    INPUTS,
    LABEL_DECODERS,
    LOSSES,
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
    metainfo.LabelDecoders: LABEL_DECODERS,
    metainfo.Losses: LOSSES,
    metainfo.Inputs: INPUTS,
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
    ], fields={"label": "PER", "subject": [0, 2], "object": [4, 5]}),
    Example("2", ["of"], [], fields={"label": "LOC", "pair": ["in", "london"]}),
    Example("3", ["new", "york"], [{"start": 0, "end": 2, "type": "LOC"}], fields={
        "label": "LOC", "subject": [1, 2], "object": [0, 1]
    }),
]  # fmt: skip

# One model for each registered one, and more where an option changes what it is made of.
MODEL_BLOCKS = {
    "crf": {"type": "sequence-labeling-model"},
    "linear": {"type": "sequence-labeling-model", "use_crf": False},
    "focal": {"type": "sequence-labeling-model", "use_crf": False, "loss": {"type": "focal"}},
    "views": {"type": "sequence-labeling-model", "multiview": True, "mv_loss_type": "crf_kl"},
    "partial-crf": {"type": "sequence-labeling-model", "partial": True},
    "constrained-crf": {"type": "sequence-labeling-model", "constrained": True},
    "biaffine": {"type": "biaffine-ner-model", "biaffine_ffnn_size": 6},
    "biaffine-multi": {"type": "biaffine-ner-model", "biaffine_bias": False, "multi_label": True, "flat_ner": False},
    "pointer": {"type": "global-pointer-model", "token_ffn_out_width": 6},
    "full-pointer": {"type": "global-pointer-model", "efficient": False, "rope": False, "flat_ner": True},
    "biaffine-words": {"type": "biaffine-ner-model", "biaffine_ffnn_size": 6, "word_scores": True},
    "pointer-words": {"type": "global-pointer-model", "token_ffn_out_width": 6, "word_scores": True},
    "w2ner": {
        "type": "w2ner-model",
        "biaffine_size": 7,
        "ffnn_hid_size": 6,
        "cnn_encoder": {"channels": 5, "dilation": [1, 2]},
    },
    "twostage": {"type": "twostage-ner-model"},
    "twostage-biaffine": {"type": "twostage-ner-model", "use_crf": False, "use_biaffine": True},
    "relation": {"type": "relation-extraction-model"},
    "r-bert": {
        "type": "relation-extraction-model",
        "entity_pooling": "mean",
        "sentence_pooling": "first",
        "hidden_size": 5,
    },
    "text": {"type": "text-classification-model"},
    "attention": {"type": "text-classification-model", "pooling": "attention", "multi_label": True},
    "span-typing": {"type": "multilabel-span-typing-model"},
    "span-typing-biaffine": {
        "type": "multilabel-span-typing-model",
        "use_biaffine": True,
        "loss_function": "WBCE",
        "pos_weight": 2.0,
    },
    "concat-typing": {
        "type": "multilabel-concat-typing-model",
        "class_threshold": 0.3,
        "loss": {"type": "partial-bce"},
    },
    "pairwise-crf": {
        "type": "multilabel-concat-typing-model",
        "mention_pooling": "mean",
        "decoder": {"type": "pairwise-crf", "label_emb_dim": 5, "pairwise_factor": 3, "two_potential": False},
    },
    "mcce": {"type": "multilabel-concat-typing-model-mcce-s", "decoder": {"type": "linear"}},
    "pretraining": {"type": "pretraining-model"},
    "masked-language": {"type": "masked-language-model", "boundary_layer": 1},
}
NEED_A_BACKBONE = ("masked-language",)
EMBEDDER_BLOCKS = {
    "embedding": {"type": "embedding", "embedding_dim": 8},
    "transformer-embedder": {"type": "transformer-embedder", "model_name_or_path": "tiny-bert"},
    "char-cnn": {"type": "char-cnn", "channels": 5, "kernel_sizes": [2, 3]},
    "char-lstm": {"type": "char-lstm", "hidden_size": 4},
    "ngram-embedding": {"type": "ngram-embedding", "sizes": [2, 3], "min_count": 1, "embedding_dim": 4},
    "word-features": {"type": "word-features", "prefixes": [1], "suffixes": [2], "min_count": 1, "embedding_dim": 4},
    "stacked": {
        "type": "stacked",
        "embedders": [
            {"type": "embedding", "embedding_dim": 8, "lookup": ["lowercase"]},
            {"model_name_or_path": "tiny-bert", "scalar_mix": {}},
            {"type": "stacked", "embedders": [{"model_name_or_path": "tiny-bert"}, "char-lstm"]},
            {"type": "word-features", "min_count": 1},
        ],
    },
}
# The others are parts of a model too, but one model says as much as all.
EMBEDDERS_FOR_EVERY_MODEL = ("embedding", "transformer-embedder")
ENCODER_BLOCKS = {name: {"type": name, "hidden_size": 6, "bidirectional": True} for name in ("lstm", "gru", "rnn")}
ENCODER_BLOCKS["cnn"] = {"type": "cnn", "channels": 3, "kernel_sizes": [2, 3]}
ENCODER_BLOCKS["span-encoder"] = {"type": "span-encoder", "span_hidden_size": 5}
ENCODER_BLOCKS["transformer"] = {"type": "transformer", "hidden_size": 8, "num_heads": 2}
PARTNERS = {
    "sequence-labeling-model": ("sequence-labeling-preprocessor", "SequenceLabelingDataCollatorWithPadding"),
    "biaffine-ner-model": ("span-extraction-preprocessor", "SpanExtractionDataCollatorWithPadding"),
    "global-pointer-model": ("span-extraction-preprocessor", "SpanExtractionDataCollatorWithPadding"),
    "w2ner-model": ("word-extraction-preprocessor", "WordExtractionDataCollatorWithPadding"),
    "twostage-ner-model": ("twostage-preprocessor", "TwostageDataCollatorWithPadding"),
    "relation-extraction-model": ("relation-extraction-preprocessor", "DataCollatorWithPadding"),
    "text-classification-model": ("text-classification-preprocessor", "DataCollatorWithPadding"),
    "pretraining-model": ("pretraining-preprocessor", "PretrainingDataCollatorWithPadding"),
    "masked-language-model": ("masked-language-preprocessor", "MaskedLanguageDataCollatorWithPadding"),
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
        for embedder in EMBEDDERS_FOR_EVERY_MODEL:
            if embedder == "transformer-embedder" or model not in NEED_A_BACKBONE:
                yield model, embedder, None
    for embedder in [name for name in EMBEDDER_BLOCKS if name not in EMBEDDERS_FOR_EVERY_MODEL]:
        yield "crf", embedder, None
    for encoder in ENCODER_BLOCKS:
        yield "crf", "embedding", encoder


def with_backbone(value, folder):
    if isinstance(value, dict):
        return {k: folder if k == "model_name_or_path" else with_backbone(v, folder) for k, v in value.items()}
    return [with_backbone(each, folder) for each in value] if isinstance(value, list) else value


class Built:
    """A model with what belongs to it."""

    def __init__(self, model: str, embedder: str, encoder: str | None, tiny_bert) -> None:
        block = {**MODEL_BLOCKS[model], "embedder": with_backbone(EMBEDDER_BLOCKS[embedder], str(tiny_bert))}
        if encoder is not None:
            block["encoder"] = ENCODER_BLOCKS[encoder]
        preprocessor, self.collator_name = PARTNERS[block["type"]]
        self.config = {
            "task": "named-entity-recognition",
            "model": block,
            "preprocessor": {
                "type": preprocessor,
                **({"return_original_view": True} if block.get("multiview") else {}),
            },
            "data_collator": self.collator_name,
        }
        self.preprocessor = build_preprocessor(self.config["preprocessor"], block, ["LOC", "PER"])
        self.preprocessor.fit([self.preprocessor.words_of(example) for example in EXAMPLES])
        torch.manual_seed(0)
        self.model = build_model(block, self.preprocessor)
        for name, parameter in self.model.named_parameters():
            if name.startswith("scorer"):
                # Span models begin with the belief that there is nothing to find.
                torch.nn.init.normal_(parameter, std=0.5)

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


def plain(value):
    """The prediction with its probabilities rounded."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value
