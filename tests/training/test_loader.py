"""Batches by position, with and without workers, whatever the global generators do."""

from __future__ import annotations

import functools
import operator
import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from adaseq.data.batching import BatchSampler
from adaseq.errors import AdaSeqError
from adaseq.training.loader import BatchLoader, lost_workers_explained


class Numbers:
    """Its index is all that an example is; one of them kills the process that asks for it."""

    def __init__(self, deadly: int = -1) -> None:
        self.deadly = deadly

    def __len__(self) -> int:
        return 50

    def __getitem__(self, index: int) -> int:
        if index == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


def loader_of(workers: int = 0, deadly: int = -1, **options: Any) -> BatchLoader:
    sampler = BatchSampler(np.ones(50), 4, shuffle=True, seed=1, **options)
    return BatchLoader(Numbers(deadly), sampler, list, workers=workers)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_can_begin_anywhere(workers: int) -> None:
    loader = loader_of(workers)
    whole = list(loader.epoch(3))
    assert sorted(functools.reduce(operator.iadd, whole, [])) == list(range(50))
    assert list(loader.epoch(4)) != whole
    assert list(loader.epoch(3, start=5)) == whole[5:]
    assert list(loader_of().epoch(3)) == whole


@pytest.mark.parametrize("workers", [0, 2])
def test_the_global_generators_are_left_alone(workers: int) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    list(loader_of(workers).epoch(0))
    assert torch.equal(torch.rand(3), expected)


def test_batches_are_counted_for_the_epoch() -> None:
    loader = loader_of(token_budget=3)
    assert loader.batches_in(0) == len(list(loader.epoch(0))) == 17
    assert loader_of().batches_in(7) == 13


@pytest.mark.parametrize("fate", ["(pid 7) is killed by signal: Killed. ", "(pid(s) 7) exited unexpectedly"])
def test_the_death_of_a_worker_may_be_heard_of_anywhere(fate: str) -> None:
    with pytest.raises(AdaSeqError, match="A process that prepares batches has died"), lost_workers_explained():
        raise RuntimeError(f"DataLoader worker {fate}")
    with pytest.raises(RuntimeError, match="mat1 and mat2"), lost_workers_explained():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


class Interrupted:
    """A loader of torch's that fails after its first batch."""

    def __init__(self, error: Exception, num_workers: int) -> None:
        self.num_workers = num_workers
        self._error = error

    def __iter__(self) -> Iterator[Any]:
        yield [1]
        raise self._error


@pytest.mark.parametrize(
    ("error", "workers", "expected"),
    [
        (EOFError(), 1, AdaSeqError),
        (ConnectionResetError(104, "Connection reset by peer"), 1, AdaSeqError),
        (ConnectionRefusedError("Caught ConnectionRefusedError in DataLoader worker process 0."), 1, ConnectionError),
        (EOFError(), 0, EOFError),
    ],
)
def test_a_worker_that_dies_with_a_batch_in_its_hands_is_explained(
    error: Exception, workers: int, expected: type[Exception]
) -> None:
    """What the data itself raises is not blamed on it."""
    loader = loader_of()
    loader._loader = Interrupted(error, workers)  # type: ignore[assignment]
    with pytest.raises(expected):
        list(loader.epoch(0))


def test_a_worker_that_dies_is_explained() -> None:
    with pytest.raises(AdaSeqError) as error:
        list(loader_of(workers=1, deadly=17).epoch(0))
    assert str(error.value) == (
        "A process that prepares batches has died, most often for want of memory. Try fewer "
        "(train.dataloader.workers_per_gpu), and go on with --resume."
    )
