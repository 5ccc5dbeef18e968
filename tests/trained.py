"""A tagger trained on a few sentences in a moment, in a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from adaseq.data.example import Example
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.model_folder import save_model_folder

PEOPLE = ["mary smith", "john", "mary", "john smith"]
PLACES = ["new york", "london", "york"]
TASK = "named-entity-recognition"


def sentences() -> list[Example]:
    """`… works in …`, with people and places, in all combinations."""
    examples = []
    for person in PEOPLE:
        for place in PLACES:
            tokens = [*person.split(), "works", "in", *place.split(), "."]
            people, last = len(person.split()), len(tokens) - 1
            spans: Any = [
                {"start": 0, "end": people, "type": "PER"},
                {"start": people + 2, "end": last, "type": "LOC"},
            ]
            examples.append(Example(id=str(len(examples)), tokens=tokens, spans=spans))
    return examples


def save_trained_tagger(folder: Path, backbone: Path, steps: int = 40, **model_options: Any) -> Path:
    """Train a tagger on those sentences and save it.

    Args:
        folder: where to save it.
        backbone: the folder of a small transformer.
        steps: how long to train.
        model_options: for the model, such as `use_crf`.
    """
    config: dict[str, Any] = {
        "task": TASK,
        "model": {
            "type": "sequence-labeling-model",
            "embedder": {"type": "transformer-embedder", "model_name_or_path": str(backbone)},
            **model_options,
        },
        "preprocessor": {"type": "sequence-labeling-preprocessor"},
        "data_collator": "SequenceLabelingDataCollatorWithPadding",
    }
    examples = sentences()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        preprocessor = build_preprocessor(config["preprocessor"], config["model"], ["LOC", "PER"])
        model = build_model(config["model"], preprocessor)
        features = preprocessor.encode(examples, training=True)
        batch = build_collator(config["data_collator"], preprocessor)(
            [{**each, "index": number} for number, each in enumerate(features)]
        )
        optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
        for _ in range(steps):
            optimizer.zero_grad()
            model.train()(batch)["loss"].backward()
            optimizer.step()
    save_model_folder(folder, model.eval(), preprocessor, config)
    return folder
