"""A corpus of a hundred short sentences, a configuration that learns it in a second, and what such a run leaves behind."""

from __future__ import annotations

import json
import random
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
import yaml

_NAMES, _PLACES = ("John", "Mary", "Anna", "Peter"), ("London", "Paris", "New York", "Rome")


def write_sentences(path: Path, count: int, seed: int) -> None:
    """Sentences about who lives where, in the CoNLL format."""
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            for _ in range(draw.randint(1, 3)):
                place = draw.choice(_PLACES).split()
                tags = ["B-LOC", "I-LOC"][: len(place)]
                words = [(draw.choice(_NAMES), "B-PER"), (draw.choice(["lives", "works"]), "O"), ("in", "O")]
                for word, tag in [*words, *zip(place, tags, strict=True), (".", "O")]:
                    file.write(f"{word} {tag}\n")
            file.write("\n")


def write_run_config(folder: Path, name: str = "config.yaml", **changes: Any) -> Path:
    """Write the data and a configuration of 15 batches an epoch.

    Args:
        folder: where.
        name: the name of the configuration.
        changes: replace its sections, or are merged into `train`.
    """
    for split, count in (("train", 60), ("valid", 13), ("test", 11)):
        write_sentences(folder / f"{split}.txt", count, seed=count)
    train = {
        "max_epochs": 3,
        "dataloader": {"batch_size_per_gpu": 4},
        "optimizer": {"type": "AdamW", "lr": 0.02, "param_groups": [{"regex": "crf", "lr": 0.1}]},
        "hooks": [{"type": "TextLoggerHook", "interval": 4}],
        **changes.pop("train", {}),
    }
    config = {
        "task": "named-entity-recognition",
        "experiment": {"exp_dir": str(folder / "experiments"), "exp_name": "who", "seed": 5},
        "dataset": {
            "data_type": "conll",
            "data_file": {split: str(folder / f"{split}.txt") for split in ("train", "valid", "test")},
        },
        "model": {
            "embedder": {"type": "embedding", "embedding_dim": 8},
            "encoder": {"type": "lstm", "hidden_size": 8, "bidirectional": True},
            "dropout": 0.2,
        },
        "train": train,
        **changes,
    }
    path = folder / name
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """`metrics.json` without what a clock has measured."""
    lines = [json.loads(line) for line in (folder / "metrics.json").read_text(encoding="utf-8").splitlines()]
    return [{key: value for key, value in line.items() if "time" not in key} for line in lines]


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    """The best weights of a run."""
    return dict(torch.load(folder / "best_model.pth", weights_only=True))


def assert_same_run(first: Path, second: Path, besides: Collection[str] = ()) -> None:
    """Weights, log lines, predictions, model folder and the names of all files are the same, bit for bit.

    Args:
        first: a run folder.
        second: another.
        besides: files that may differ.
    """
    one, other = weights_of(first), weights_of(second)
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    assert lines_of(first) == lines_of(second)
    for name in {"pred.txt", "output_best/model.safetensors", "output_best/README.md"}.difference(besides):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert sorted(path.name for path in first.iterdir()) == sorted(path.name for path in second.iterdir())
