"""Batches from a split: torch's DataLoader over a sampler that knows every position of every epoch."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from adaseq.data.batching import BatchSampler
from adaseq.errors import AdaSeqError

_LOST_WORKER = re.compile(r"DataLoader worker \(.*\) (exited unexpectedly|is killed by signal)")


class BatchLoader:
    """Batches of a data set; which ones depends on the seed, the epoch and the position, and on nothing else.

    Args:
        dataset: features by index.
        sampler: which indices make a batch.
        collator: makes a batch of features.
        workers: processes that load in the background.
        pin_memory: copy batches to memory from which a GPU reads fast.
        prefetch_factor: batches that each worker prepares ahead.
        persistent_workers: keep the workers from epoch to epoch.
        timeout: seconds to wait for a worker; 0 waits for ever.
    """

    def __init__(
        self,
        dataset: Any,
        sampler: BatchSampler,
        collator: Callable[[Any], Any],
        workers: int = 0,
        pin_memory: bool = False,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        timeout: float = 0.0,
    ) -> None:
        self.dataset = dataset
        self.sampler = sampler
        # A generator of its own: the loader would otherwise draw from the global one whenever an epoch begins, and a
        # resumed run would draw once more than one that never stopped.
        self._loader: DataLoader[Any] = DataLoader(
            _Indexed(dataset),
            batch_sampler=sampler,
            collate_fn=collator,
            num_workers=workers,
            pin_memory=pin_memory,
            prefetch_factor=prefetch_factor if workers else None,
            persistent_workers=persistent_workers and workers > 0,
            timeout=timeout if workers else 0,
            generator=torch.Generator(),
            worker_init_fn=_leave_signals_to_the_main_process,
        )

    def batches_in(self, epoch: int) -> int:
        """How many batches this process gets in an epoch."""
        if self.sampler.token_budget is not None:
            self.sampler.set_epoch(epoch)
        return len(self.sampler)

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[Any]:
        """The batches of an epoch, without the first `start`."""
        self.sampler.set_epoch(epoch, start)
        with lost_workers_explained():
            try:
                yield from self._loader
            except (EOFError, ConnectionError) as error:
                # A batch is fetched from the worker that announced it; errors of its own come with a text that says so.
                if not self._loader.num_workers or "in DataLoader worker process" in str(error):
                    raise
                raise _worker_lost() from error


@contextlib.contextmanager
def lost_workers_explained() -> Iterator[None]:
    """Say clearly if a process that loads batches dies while the block runs.

    torch hears of it by a signal, so that its error comes up wherever the program happens to be, in the midst of a step too.
    """
    try:
        yield
    except RuntimeError as error:
        if not _LOST_WORKER.search(str(error)):
            raise
        raise _worker_lost() from error


def _worker_lost() -> AdaSeqError:
    return AdaSeqError(
        "A process that prepares batches has died, most often for want of memory. Try fewer "
        "(train.dataloader.workers_per_gpu), and go on with --resume."
    )


def _leave_signals_to_the_main_process(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal; workers are still needed while the main process finishes its step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class _Indexed(Dataset[Any]):
    """What the DataLoader asks of a data set."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __getitem__(self, index: int) -> Any:
        return self._dataset[index]

    def __len__(self) -> int:
        return len(self._dataset)
