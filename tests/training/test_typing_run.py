"""A whole run of a typing model: its threshold is chosen on the validation data, saved, and decides from then on."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch

import adaseq
from adaseq.errors import AdaSeqError, ModelError
from adaseq.models.model_folder import load_model_folder

PEOPLE, PLACES = ["mary", "john", "ann", "bob"], ["london", "york", "rome", "oslo"]


def write_data(folder: Path, count: int, seed: int, name: str) -> str:
    """Sentences with two mentions: who is a person, where is a place, and who meets somebody is a friend too."""
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        person, other = chance.choice(PEOPLE), chance.choice(PLACES + PEOPLE)
        is_friend = other in PEOPLE
        words = [person, "meets" if is_friend else "visits", other]
        types = ["person", "friend"] if is_friend else ["person"]
        label = [
            {"start": 0, "end": 1, "type": types},
            {"start": 2, "end": 3, "type": types if is_friend else ["place"]},
        ]
        lines.append(json.dumps({"text": words, "label": label}))
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def config(folder: Path, **model: Any) -> dict[str, Any]:
    return {
        "task": "entity-typing",
        "dataset": {
            "data_type": "entity_typing",
            "data_file": {
                "train": write_data(folder, 80, 1, "train.jsonl"),
                "valid": write_data(folder, 20, 2, "dev.jsonl"),
                "test": write_data(folder, 20, 3, "test.jsonl"),
            },
        },
        "model": {
            "type": "multilabel-span-typing-model",
            "embedder": {"type": "embedding", "embedding_dim": 12},
            "encoder": {"type": "lstm", "hidden_size": 12, "bidirectional": True},
            **model,
        },
        "train": {
            "trainer": "typing-trainer",
            "max_epochs": 4,
            "dataloader": {"batch_size_per_gpu": 8},
            "optimizer": {"type": "Adam", "lr": 0.02},
        },
        "evaluation": {"metrics": "typing-threshold-metric"},
    }


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"type": "multilabel-concat-typing-model", "decoder": {"type": "pairwise-crf", "label_emb_dim": 8}},
        {"type": "multilabel-concat-typing-model-mcce-s"},
    ],
    ids=lambda model: model.get("type", "span"),
)
def test_the_threshold_is_chosen_saved_and_used(tmp_path: Path, model: dict[str, Any]) -> None:
    results = adaseq.train(config(tmp_path, **model), work_dir=tmp_path / "run", device="cpu")
    assert results["test"]["f1"] > 0.6 and "threshold" not in results["test"]
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.json").read_text().splitlines()]
    chosen = [line["evaluation/threshold"] for line in lines if line["mode"] == "eval"]
    threshold = results["best"]["threshold"]
    assert any(each == pytest.approx(threshold, abs=1e-5) for each in chosen)
    loaded = load_model_folder(tmp_path / "run" / "output_best")
    assert float(loaded.model.threshold) == pytest.approx(threshold)
    weights = torch.load(tmp_path / "run" / "best_model.pth", weights_only=True)
    assert weights["threshold"].item() == pytest.approx(threshold)
    assert adaseq.test(tmp_path / "run", device="cpu") == results["test"]


def test_what_a_run_writes_and_predicts(tmp_path: Path) -> None:
    given = config(tmp_path)
    given["evaluation"]["metrics"] = ["typing-metric"]
    adaseq.train(given, work_dir=tmp_path / "run", device="cpu")
    records = [json.loads(line) for line in (tmp_path / "run" / "pred.txt").read_text(encoding="utf-8").splitlines()]
    assert len(records) == 20 and [each[:2] for each in records[0]["predicts"]] == [[0, 1], [2, 3]]
    predictor = adaseq.load(tmp_path / "run" / "output_best")
    (found,) = predictor([{"tokens": ["mary", "meets", "bob"], "mentions": [[0, 1]]}])
    assert {each["type"] for each in found["output"]} == {"person", "friend"}
    assert all(each["span"] == "mary" and 0.5 < each["prob"] <= 1 for each in found["output"])


def test_a_model_that_goes_by_numbers_has_no_threshold(tmp_path: Path) -> None:
    given = config(tmp_path, type="multilabel-concat-typing-model", top_k=2)
    with pytest.raises(AdaSeqError, match="there is no threshold for a metric to tune"):
        adaseq.train(given, work_dir=tmp_path / "run", device="cpu")


def test_nor_has_a_tagger() -> None:
    from adaseq.models.base import Batch, Model, Prediction

    class Tagger(Model):
        def forward(self, batch: Batch) -> dict[str, torch.Tensor]:
            return {"loss": torch.zeros(())}

        def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
            return []

    with pytest.raises(ModelError) as caught:
        Tagger().decode_possible({})
    assert str(caught.value) == "Tagger has no threshold that could be tuned; evaluate it with another metric"
