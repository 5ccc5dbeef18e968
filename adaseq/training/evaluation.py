"""Scoring a split: every example once, wherever it was predicted; scores computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from adaseq.metrics.base import Dumper, Metric
from adaseq.models.base import Model
from adaseq.training.loader import BatchLoader
from adaseq.training.runtime import Runtime
from adaseq.utils.tensors import to_device


class EvaluationInterrupted(Exception):
    """The evaluation was asked to stop before its end."""


class Evaluator:
    """Scores the predictions of a model on a split.

    Each process predicts a share of its own; what the metrics measured is gathered in the order of the data. So the
    scores are those of one process.

    Args:
        split: the name of the split.
        loader: its batches; those of this process.
        metrics: what to measure.
        dumpers: what to write.
        runtime: gathers over the processes.
    """

    def __init__(
        self,
        split: str,
        loader: BatchLoader,
        metrics: Sequence[Metric],
        dumpers: Sequence[Dumper],
        runtime: Runtime,
    ) -> None:
        self.split = split
        self.loader = loader
        self.metrics = list(metrics)
        self.dumpers = list(dumpers)
        self._runtime = runtime

    @property
    def num_batches(self) -> int:
        """How many batches this process goes through."""
        return len(self.loader.sampler)

    def evaluate(self, model: Model, is_stopping: Callable[[], bool] = lambda: False) -> dict[str, Any]:
        """Score a model; the dumpers write.

        Args:
            model: not wrapped for several processes: predicting needs no other process.
            is_stopping: asked before each batch whether to give up.

        Returns:
            The scores of all metrics in one dict, in every process.

        Raises:
            EvaluationInterrupted: some process gave up.
        """
        measured = self._measure(model, is_stopping)
        if self._runtime.any(measured is None):
            raise EvaluationInterrupted
        by_index = dict(self._runtime.gather(measured or []))
        columns = list(zip(*(by_index[index] for index in sorted(by_index)), strict=True))
        return self._runtime.on_main(lambda: self._compute(columns))

    def _measure(self, model: Model, is_stopping: Callable[[], bool]) -> list[tuple[int, list[Any]]] | None:
        """For each example of this process its number and what each metric and dumper measured."""
        takers = [*self.metrics, *self.dumpers]
        examples = self.loader.dataset.examples
        measured = []
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad(), self._runtime.autocast():
                for batch in self.loader.epoch():
                    if is_stopping():
                        return None
                    indices = batch["index"].tolist()
                    predictions = model.decode(to_device(batch, self._runtime.device))
                    for index, prediction in zip(indices, predictions, strict=True):
                        example = examples[index]
                        measured.append((index, [taker.measure(example, prediction) for taker in takers]))
        finally:
            model.train(was_training)
        return measured

    def _compute(self, columns: list[tuple[Any, ...]]) -> dict[str, Any]:
        results = [list(column) for column in columns] or [[] for _ in (*self.metrics, *self.dumpers)]
        scores: dict[str, Any] = {}
        for metric, result in zip(self.metrics, results, strict=False):
            scores.update(metric.compute(result))
        for dumper, result in zip(self.dumpers, results[len(self.metrics) :], strict=True):
            dumper.write(result)
        return scores
