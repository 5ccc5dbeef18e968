"""A corpus of a hundred short sentences and a configuration that learns it in a second."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
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


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes the data and a configuration; keyword arguments replace its sections or are merged into `train`."""

    def write(name: str = "config.yaml", **changes: Any) -> Path:
        for split, count in (("train", 60), ("valid", 13), ("test", 11)):
            write_sentences(tmp_path / f"{split}.txt", count, seed=count)
        train = {
            "max_epochs": 3,
            "dataloader": {"batch_size_per_gpu": 4},
            "optimizer": {"type": "AdamW", "lr": 0.02, "param_groups": [{"regex": "crf", "lr": 0.1}]},
            "hooks": [{"type": "TextLoggerHook", "interval": 4}],
            **changes.pop("train", {}),
        }
        config = {
            "task": "named-entity-recognition",
            "experiment": {"exp_dir": str(tmp_path / "experiments"), "exp_name": "who", "seed": 5},
            "dataset": {
                "data_type": "conll",
                "data_file": {split: str(tmp_path / f"{split}.txt") for split in ("train", "valid", "test")},
            },
            "model": {
                "embedder": {"type": "embedding", "embedding_dim": 8},
                "encoder": {"type": "lstm", "hidden_size": 8, "bidirectional": True},
                "dropout": 0.2,
            },
            "train": train,
            **changes,
        }
        path = tmp_path / name
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        return path

    return write
