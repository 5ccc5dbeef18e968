"""Predictors over models with random weights, which find something almost everywhere."""

from __future__ import annotations

from typing import Any

import torch

from adaseq.inference.predictor import Predictor
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.model_folder import ModelFolder

WORDS = ["mary", "smith", "works", "in", "new", "york", "and", "john", "."]
LABELS = ["LOC", "PER", "TIME"]
PARTNERS = {
    "sequence-labeling-model": ("sequence-labeling-preprocessor", "SequenceLabelingDataCollatorWithPadding"),
    "biaffine-ner-model": ("span-extraction-preprocessor", "SpanExtractionDataCollatorWithPadding"),
    "global-pointer-model": ("span-extraction-preprocessor", "SpanExtractionDataCollatorWithPadding"),
    "w2ner-model": ("word-extraction-preprocessor", "WordExtractionDataCollatorWithPadding"),
    "twostage-ner-model": ("twostage-preprocessor", "TwostageDataCollatorWithPadding"),
    "text-classification-model": ("text-classification-preprocessor", "DataCollatorWithPadding"),
}
SPAN_MODELS: dict[str, dict[str, Any]] = {
    "biaffine": {"type": "biaffine-ner-model", "biaffine_ffnn_size": 6},
    "biaffine-nested": {
        "type": "biaffine-ner-model",
        "biaffine_ffnn_size": 6,
        "multi_label": True,
        "flat_ner": False,
    },
    "biaffine-words": {"type": "biaffine-ner-model", "biaffine_ffnn_size": 6, "word_scores": True},
    "pointer": {"type": "global-pointer-model", "token_ffn_out_width": 6},
    "pointer-words": {
        "type": "global-pointer-model",
        "token_ffn_out_width": 6,
        "flat_ner": True,
        "word_scores": True,
    },
    "pointer-flat": {"type": "global-pointer-model", "token_ffn_out_width": 6, "flat_ner": True},
    "w2ner": {"type": "w2ner-model", "biaffine_size": 7, "ffnn_hid_size": 6, "cnn_encoder": {"channels": 5}},
    "twostage": {"type": "twostage-ner-model"},
    "twostage-linear": {"type": "twostage-ner-model", "use_crf": False, "use_biaffine": True},
}
TAGGERS: dict[str, dict[str, Any]] = {
    "crf": {"type": "sequence-labeling-model"},
    "constrained": {"type": "sequence-labeling-model", "constrained": True},
    "linear": {"type": "sequence-labeling-model", "use_crf": False},
}


def untrained_folder(block: dict[str, Any], seed: int = 0, **preprocessor_options: Any) -> ModelFolder:
    """A model with random weights and what belongs to it."""
    block = {"embedder": {"type": "embedding", "embedding_dim": 8}, **block}
    preprocessor_name, collator = PARTNERS[block["type"]]
    preprocessor = build_preprocessor({"type": preprocessor_name, **preprocessor_options}, block, LABELS)
    preprocessor.fit([WORDS])
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build_model(block, preprocessor)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    config = {"task": "named-entity-recognition", "model": block}
    return ModelFolder(model, preprocessor, build_collator(collator, preprocessor), config)


def untrained(block: dict[str, Any], seed: int = 0, **options: Any) -> Predictor:
    """A predictor over such a model."""
    return Predictor(untrained_folder(block, seed), **options)


def found(result: dict[str, Any]) -> set[tuple[str, int, int]]:
    """Type and words of what a result for words holds."""
    return {(each["type"], each["token_start"], each["token_end"]) for each in result["output"]}
