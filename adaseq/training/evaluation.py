"""Scoring a split: every example once, wherever it was predicted; scores computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from adaseq.data.corpora import JoinedExamples
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
        self._is_tuning = split == "valid" and any(metric.tunes_threshold for metric in self.metrics)

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
            The scores of all metrics in one dict, in every process. Where the split is of several corpora, also the scores of
            each: `name/f1`.

        Raises:
            EvaluationInterrupted: some process gave up.
        """
        measured = self._measure(model, is_stopping)
        if self._runtime.any(measured is None):
            raise EvaluationInterrupted
        by_index = dict(self._runtime.gather(measured or []))
        scores = self._runtime.on_main(lambda: self._compute(by_index))
        if "threshold" in scores and self._is_tuning:
            model.set_threshold(scores["threshold"])
        return scores

    def _measure(self, model: Model, is_stopping: Callable[[], bool]) -> list[tuple[int, list[Any]]] | None:
        """For each example of this process its number and what each metric and dumper measured."""
        takers = [*self.metrics, *self.dumpers]
        examples = self.loader.dataset.examples
        measured = []
        was_training = model.training
        decode = model.decode_possible if self._is_tuning else model.decode
        model.eval()
        try:
            with torch.no_grad(), self._runtime.autocast():
                for batch in self.loader.epoch():
                    if is_stopping():
                        return None
                    indices = batch["index"].tolist()
                    predictions = decode(to_device(batch, self._runtime.device))
                    for index, prediction in zip(indices, predictions, strict=True):
                        example = examples[index]
                        measured.append((index, [taker.measure(example, prediction) for taker in takers]))
        finally:
            model.train(was_training)
        return measured

    def _compute(self, by_index: dict[int, list[Any]]) -> dict[str, Any]:
        indices = sorted(by_index)
        results = self._columns([by_index[index] for index in indices])
        scores = self._scores(results)
        for dumper, result in zip(self.dumpers, results[len(self.metrics) :], strict=True):
            dumper.write(result)
        examples = self.loader.dataset.examples
        for name in examples.names if isinstance(examples, JoinedExamples) else ():
            own = [by_index[index] for index in indices if examples.corpus_of(index) == name]
            if own:
                scores.update({f"{name}/{key}": score for key, score in self._scores(self._columns(own)).items()})
        return scores

    def _columns(self, measured: list[list[Any]]) -> list[list[Any]]:
        """For each metric and dumper what it measured."""
        columns = [list(column) for column in zip(*measured, strict=True)]
        return columns or [[] for _ in (*self.metrics, *self.dumpers)]

    def _scores(self, results: list[list[Any]]) -> dict[str, Any]:
        """The scores of all metrics."""
        scores: dict[str, Any] = {}
        for metric, result in zip(self.metrics, results, strict=False):
            scores.update(_plain(metric.compute(result)))
        return scores


def _plain(value: Any) -> Any:
    """Numbers of NumPy and torch, which metrics of a user's own often give, as Python's: scores are saved and compared."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value
