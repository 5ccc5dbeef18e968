"""Scores of several corpora: together, and of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from adaseq.data.batching import BatchSampler
from adaseq.data.corpora import JoinedExamples
from adaseq.data.example import Example
from adaseq.data.store.examples import ExampleStore
from adaseq.metrics.base import Dumper, Metric
from adaseq.models.base import Model
from adaseq.training.evaluation import Evaluator
from adaseq.training.loader import BatchLoader
from adaseq.training.runtime import Runtime


class Numbers:
    """Examples of several corpora, the features of which are their numbers."""

    def __init__(self, examples: JoinedExamples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"index": index}


class Parity(Model):
    """Says whether the number of an example is even."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, batch: dict[str, Any]) -> dict[str, torch.Tensor]:
        return {"loss": self.weight.sum()}

    def decode(self, batch: dict[str, Any], with_prob: bool = False) -> list[dict[str, Any]]:
        return [{"even": index % 2 == 0} for index in batch["index"].tolist()]


class EvenShare(Metric):
    """The share of examples that are said to be even."""

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> Any:
        return prediction["even"]

    def compute(self, results: list[Any]) -> dict[str, Any]:
        return {"f1": sum(results) / len(results), "of": len(results)}


class Remember(Dumper):
    """Remembers what it is told to write."""

    def __init__(self) -> None:
        self.written: list[list[Any]] = []

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> Any:
        return example.tokens[0]

    def write(self, results: list[Any]) -> None:
        self.written.append(results)


def joined(folder: Path, **sizes: int) -> JoinedExamples:
    def store(name: str, size: int) -> ExampleStore:
        return ExampleStore.build(name, lambda: (Example(str(i), [f"{name}{i}"]) for i in range(size)), folder)

    parts = {name: store(name, size) for name, size in sizes.items()}
    return JoinedExamples(parts, dict.fromkeys(parts, 1.0))


def test_each_corpus_is_scored_beside_all_together(tmp_path: Path) -> None:
    examples = joined(tmp_path, news=3, web=4)
    sampler = BatchSampler([1] * 7, 2, shuffle=False)
    loader = BatchLoader(Numbers(examples), sampler, lambda batch: {"index": torch.tensor([x["index"] for x in batch])})
    runtime = Runtime("cpu")
    dumper = Remember()
    scores = Evaluator("valid", loader, [EvenShare()], [dumper], runtime).evaluate(Parity())
    runtime.close()
    assert scores == {"f1": 4 / 7, "of": 7, "news/f1": 2 / 3, "news/of": 3, "web/f1": 0.5, "web/of": 4}
    assert dumper.written == [["news0", "news1", "news2", "web0", "web1", "web2", "web3"]]
