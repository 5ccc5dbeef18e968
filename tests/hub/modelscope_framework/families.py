"""A small trained model of each family that ModelScope has a pipeline for, made from a few lines of data."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaseq.training.train import train_model

PEOPLE, PLACES = ("mary smith", "john", "mary"), ("new york", "london", "york")


@dataclass(frozen=True)
class Family:
    """A kind of model, what it is trained on, and what it is asked.

    Args:
        task: the task of the model, and of the pipeline.
        data_type: the format of the data.
        data: the training data; it is the validation data too.
        inputs: what the pipeline is asked.
        finds: the types that it finds in the first of these, in order.
        model: the block of the model, without its embedder.
        options: for the preprocessor.
    """

    task: str
    data_type: str
    data: str
    inputs: list[Any]
    finds: list[str]
    model: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


def _tagged(sentence: list[tuple[str, str]]) -> str:
    return "".join(f"{word} {tag}\n" for word, tag in sentence) + "\n"


def _entities() -> str:
    """`… works in …`, with people and places in all combinations."""
    text = ""
    for person in PEOPLE:
        for place in PLACES:
            people, places = (
                [(word, f"{'I' if number else 'B'}-{kind}") for number, word in enumerate(name.split())]
                for name, kind in ((person, "PER"), (place, "LOC"))
            )
            text += _tagged([*people, ("works", "O"), ("in", "O"), *places, (".", "O")])
    return text


def _entity_model(**model: Any) -> Family:
    inputs = [
        "mary smith works in new york .",
        "",
        {"tokens": ["john", "works", "in", "london"]},
        {"text": "john works in york ."},
        "nothing works in the , works .",
    ]
    return Family("named-entity-recognition", "conll", _entities(), inputs, ["PER", "LOC"], model)


_LSTM = {"type": "lstm", "hidden_size": 16, "bidirectional": True}
_SEGMENTED = "我 在 北京 工作\n北京 大学\n我 在 大学 工作\n"
_PARTS_OF_SPEECH = [
    [("the", "DT"), ("dog", "NN"), ("barks", "VB")],
    [("a", "DT"), ("cat", "NN"), ("sees", "VB"), ("the", "DT"), ("dog", "NN")],
]
_RELATIONS = [
    ("mary lives in london and works in york", [0, 1], [3, 4], "lives"),
    ("mary lives in london and works in york", [0, 1], [7, 8], "works"),
    ("john smith works in new york", [0, 2], [4, 6], "works"),
]
_TEXTS = "good what a fine day\nbad what a poor day\ngood a fine cat\nbad a poor dog\n"

FAMILIES = {
    "crf-tagger": _entity_model(type="sequence-labeling-model", encoder=_LSTM),
    "linear-tagger": _entity_model(type="sequence-labeling-model", encoder=_LSTM, use_crf=False),
    "biaffine": _entity_model(type="biaffine-ner-model", biaffine_ffnn_size=16, encoder=_LSTM),
    "global-pointer": _entity_model(type="global-pointer-model", token_ffn_out_width=16, encoder=_LSTM),
    "w2ner": _entity_model(
        type="w2ner-model", biaffine_size=16, ffnn_hid_size=16, lstm_encoder=_LSTM, cnn_encoder={"channels": 8}
    ),
    "twostage": _entity_model(type="twostage-ner-model", encoder=_LSTM),
    "chunker": Family(
        "chunking",
        "conll",
        _tagged([("the", "B-NP"), ("dog", "I-NP"), ("barks", "B-VP")]) * 4,
        ["the dog barks", {"tokens": ["the", "dog"]}],
        ["NP", "VP"],
        {"type": "sequence-labeling-model", "encoder": _LSTM},
    ),
    "segmenter": Family(
        "word-segmentation",
        "segmented",
        _SEGMENTED * 3,
        ["我在北京工作", "", "北京大学"],
        [""] * 4,
        {"type": "sequence-labeling-model", "encoder": _LSTM},
    ),
    "part-of-speech-tagger": Family(
        "part-of-speech",
        "conll",
        "".join(map(_tagged, _PARTS_OF_SPEECH)) * 3,
        ["the cat barks", {"tokens": ["a", "dog"]}],
        ["DT", "NN", "VB"],
        {"type": "sequence-labeling-model", "encoder": _LSTM},
    ),
    "relations": Family(
        "relation-extraction",
        "relation_json",
        "".join(
            json.dumps({"tokens": text.split(), "subject": subject, "object": object, "label": label}) + "\n"
            for text, subject, object, label in _RELATIONS * 3
        ),
        [
            "<e1>mary</e1> lives in <e2>london</e2> and works in york",
            {"text": "john smith works in new york", "subject": [0, 10], "object": [20, 28]},
            {"tokens": ["john", "works", "in", "york"], "subject": [0, 1], "object": [3, 4]},
        ],
        ["lives"],
        {"type": "relation-extraction-model", "encoder": _LSTM},
    ),
    "texts": Family(
        "text-classification",
        "label_lines",
        _TEXTS * 3,
        ["a fine day", "", {"tokens": ["a", "poor", "cat"]}, {"text": "what a day"}],
        ["good"],
        {"type": "text-classification-model", "encoder": _LSTM},
    ),
}


def train_family(family: Family, folder: Path) -> Path:
    """Train a model; the model folder.

    Args:
        family: what to train.
        folder: for its data and its run.
    """
    data = folder / "data.txt"
    folder.mkdir(parents=True)
    data.write_text(family.data, encoding="utf-8")
    files = {split: str(data) for split in ("train", "valid")}
    config = {
        "experiment": {"exp_dir": str(folder), "exp_name": "family", "seed": 1},
        "task": family.task,
        "dataset": {"data_file": files, "data_type": family.data_type},
        "preprocessor": dict(family.options),
        "model": {**copy.deepcopy(family.model), "embedder": {"type": "embedding", "embedding_dim": 16}},
        "train": {
            "max_epochs": 25,
            "dataloader": {"batch_size_per_gpu": 4},
            "optimizer": {"type": "AdamW", "lr": 0.02},
        },
    }
    train_model(config, work_dir=folder / "run", device="cpu")
    return folder / "run" / "output_best"
