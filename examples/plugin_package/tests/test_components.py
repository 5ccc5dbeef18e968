"""Components can be tested without a training: they are plain classes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from adaseq_window_tagger.metric import BoundaryMetric
from adaseq_window_tagger.model import WindowTagger

from adaseq.data.example import Example, Span
from adaseq.modules.embedders.embedding import Embedding

TAGS = ["O", "B-PER", "I-PER", "E-PER", "S-PER"]


def _span(start: int, end: int, kind: str = "PER") -> Span:
    return {"start": start, "end": end, "type": kind}


def test_the_metric_looks_at_boundaries_alone() -> None:
    metric = BoundaryMetric()
    example = Example("0", ["a", "b", "c"], [_span(0, 1, "ORG"), _span(2, 3)])
    measured = metric.measure(example, {"spans": [_span(0, 1), _span(1, 3)]})
    assert metric.compute([measured]) == {"boundary-precision": 0.5, "boundary-recall": 0.5, "boundary-f1": 0.5}


def test_the_metric_of_nothing_is_zero() -> None:
    assert BoundaryMetric("").compute([]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


@pytest.fixture
def model() -> WindowTagger:
    torch.manual_seed(0)
    embedder = Embedding(embedding_dim=8, vocabulary=[str(i) for i in range(10)])
    return WindowTagger(embedder, dict(enumerate(TAGS)), radius=1, hidden_size=6).eval()


def _batch(*sentences: list[int]) -> dict[str, Any]:
    longest = max(map(len, sentences))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in sentences])
    mask = torch.tensor([[i < len(row) for i in range(longest)] for row in sentences])
    return {"tokens": {"input_ids": ids, "attention_mask": mask, "mask": mask}}


def test_padding_changes_nothing(model: WindowTagger) -> None:
    alone = model.decode(_batch([1, 2, 3]), with_prob=True)
    together = model.decode(_batch([1, 2, 3], [4, 5, 6, 7, 8]), with_prob=True)
    assert alone[0]["tags"] == together[0]["tags"]
    assert [span["prob"] for span in alone[0]["spans"]] == pytest.approx(
        [span["prob"] for span in together[0]["spans"]]
    )


def test_context_is_outside(model: WindowTagger) -> None:
    batch = _batch([1, 2, 3, 4])
    batch["label_positions"] = torch.tensor([[0, 3]])
    batch["label_mask"] = torch.tensor([[True, True]])
    assert model.decode(batch)[0]["tags"][1:3] == ["O", "O"]


def test_it_learns(model: WindowTagger) -> None:
    batch = {**_batch([1, 2, 3], [4, 5]), "label_ids": torch.tensor([[1, 3, 0], [4, 0, -100]])}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        model(batch)["loss"].backward()
        optimizer.step()
    assert [prediction["tags"] for prediction in model.decode(batch)] == [["B-PER", "E-PER", "O"], ["S-PER", "O"]]
