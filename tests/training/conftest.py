"""A training on next to nothing: numbers in place of sentences, a network of two layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from adaseq.data.batching import BatchSampler
from adaseq.data.example import Example
from adaseq.metrics.base import Metric
from adaseq.models.base import Model
from adaseq.training.evaluation import Evaluator
from adaseq.training.hooks.base import Hook
from adaseq.training.loader import BatchLoader
from adaseq.training.optimizer import build_optimizer
from adaseq.training.runtime import Runtime
from adaseq.training.schedule import build_schedule
from adaseq.training.trainer import Trainer
from adaseq.utils.seed import set_seed


class Points:
    """Random points and the quadrant they lie in."""

    def __init__(self, count: int, seed: int = 1) -> None:
        generator = np.random.default_rng(seed)
        self.points = generator.normal(size=(count, 2)).astype(np.float32)
        self.examples = [Example(id=str(i), tokens=["point", str(i)], origin=f"points:{i + 1}") for i in range(count)]
        self.lengths = np.ones(count, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> dict[str, Any]:
        x, y = self.points[index]
        return {"index": index, "point": self.points[index], "label": int(x > 0) * 2 + int(y > 0)}


def collate(features: list[dict[str, Any]]) -> dict[str, Any]:
    """A batch of points."""
    return {
        "index": torch.tensor([each["index"] for each in features]),
        "points": torch.tensor(np.stack([each["point"] for each in features])),
        "labels": torch.tensor([each["label"] for each in features]),
    }


class Quadrants(Model):
    """Says in which quadrant a point lies."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, 8)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(8, 4)

    def forward(self, batch: dict[str, Any]) -> dict[str, torch.Tensor]:
        logits = self.output(self.dropout(torch.tanh(self.hidden(batch["points"]))))
        return {"loss": nn.functional.cross_entropy(logits, batch["labels"]), "logits": logits}

    def decode(self, batch: dict[str, Any], with_prob: bool = False) -> list[dict[str, Any]]:
        return [{"quadrant": each} for each in self.forward(batch)["logits"].argmax(-1).tolist()]


class Share(Metric):
    """The share of the examples whose number, modulo 4, was predicted: as good as any score for a test."""

    def measure(self, example: Any, prediction: Any) -> Any:
        return (int(example.id), prediction["quadrant"])

    def compute(self, results: list[Any]) -> dict[str, Any]:
        assert [number for number, _ in results] == list(range(len(results)))
        return {"f1": sum(quadrant == number % 4 for number, quadrant in results) / len(results)}


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here survives a power cut anyway."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """This process, on the CPU."""
    runtime = Runtime("cpu")
    yield runtime
    runtime.close()


@pytest.fixture
def make_trainer(tmp_path: Path, runtime: Runtime) -> Callable[..., Trainer]:
    """Builds trainers; what a test does not say has a small default."""

    def make(
        hooks: list[Hook],
        *,
        model: Model | None = None,
        count: int = 40,
        batch_size: int = 4,
        max_epochs: int = 3,
        accumulation: int = 1,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
        work_dir: Path = tmp_path,
        **arguments: Any,
    ) -> Trainer:
        set_seed(3)
        model = model or Quadrants()
        points, valid = Points(count), Points(13, seed=2)
        built = build_optimizer(optimizer or {"type": "AdamW", "lr": 0.05}, model)
        batches = BatchLoader(points, BatchSampler(points.lengths, batch_size, shuffle=True, seed=3), collate)
        updates = max_epochs * -(-len(batches.sampler) // accumulation)
        schedule = build_schedule(scheduler or {"type": "linear", "warmup_rate": 0.1}, built, updates, max_epochs)
        loader = BatchLoader(valid, BatchSampler(valid.lengths, 5, shuffle=False), collate)
        evaluators = {name: Evaluator(name, loader, [Share()], [], runtime) for name in ("valid", "test")}
        values = {"evaluators": evaluators, "seed": 3, "fingerprint": "points", **arguments}
        return Trainer(
            model=model,
            batches=batches,
            optimizer=built,
            schedule=schedule,
            hooks=hooks,
            runtime=runtime,
            work_dir=work_dir,
            max_epochs=max_epochs,
            accumulation=accumulation,
            **values,
        )

    return make
