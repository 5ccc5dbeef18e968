"""Small untrained models of every kind, in model folders."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch

from adaseq.data.example import Example
from adaseq.models.assembly import build_model, build_preprocessor
from adaseq.models.model_folder import save_model_folder

WORDS = [
    "Mary",
    "Smith",
    "works",
    "at",
    "Northwind",
    "in",
    "Lisbon",
    "and",
    "her",
    "brother",
    "John",
    "lives",
    "New",
    "York",
    ".",
    "李",
    "明",
    "于",
    "今",
    "年",
    "加",
    "入",
    "远",
    "山",
    "London",
    "Paris",
]

NER, RELATIONS, TEXTS, TYPING = (
    "named-entity-recognition",
    "relation-extraction",
    "text-classification",
    "entity-typing",
)
_PREPROCESSORS = {
    NER: "sequence-labeling-preprocessor",
    RELATIONS: "relation-extraction-preprocessor",
    TEXTS: "text-classification-preprocessor",
    TYPING: "multilabel-span-typing-preprocessor",
}
_COLLATORS = {
    NER: "SequenceLabelingDataCollatorWithPadding",
    RELATIONS: "DataCollatorWithPadding",
    TEXTS: "DataCollatorWithPadding",
    TYPING: "MultiLabelSpanTypingDataCollatorWithPadding",
}
LABELS = ["LOC", "PER"]


def save_untrained(folder: Path, task: str, model: dict[str, Any], embedder: dict[str, Any], **options: Any) -> Path:
    """A model folder with an untrained model that finds a lot.

    Args:
        folder: where.
        task: what it does.
        model: its block, without the embedder.
        embedder: that block.
        options: for the preprocessor.
    """
    preprocessor_type, collator = _PREPROCESSORS[task], _COLLATORS[task]
    if model["type"] in ("biaffine-ner-model", "global-pointer-model"):
        preprocessor_type, collator = "span-extraction-preprocessor", "SpanExtractionDataCollatorWithPadding"
    config: dict[str, Any] = {
        "task": task,
        "model": {**model, "embedder": copy.deepcopy(embedder)},
        "preprocessor": {"type": preprocessor_type, **options},
        "data_collator": collator,
    }
    with torch.random.fork_rng():
        torch.manual_seed(7)
        preprocessor = build_preprocessor(config["preprocessor"], config["model"], LABELS)
        example = Example("1", WORDS)
        preprocessor.fit([preprocessor.words_of(example)])
        built = build_model(config["model"], preprocessor)
        for name, parameter in built.named_parameters():
            # So far apart that rounding decides nothing, and that there is something to find.
            if "transformer_model" not in name and parameter.dim() > 1:
                parameter.data.mul_(3.0)
        scorer: Any = getattr(built, "scorer", None)
        if model["type"] == "biaffine-ner-model":
            torch.nn.init.normal_(scorer.biaffine.weight, std=3.0)
            torch.nn.init.normal_(scorer.by_length.weight, std=0.1)
            scorer.biaffine.weight.data[:, -1, -1] = 0.0
        if model["type"] == "global-pointer-model":
            (scorer.type_bias if scorer.types is None else scorer.types.bias).data.zero_()
    save_model_folder(folder, built.eval(), preprocessor, config)
    return folder
