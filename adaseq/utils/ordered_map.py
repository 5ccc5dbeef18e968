"""A function applied to many items in several threads, with the results in order and no more than a few of them at hand."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """The results of a function, in the order of the items.

    It pays where the function spends its time in code that lets other threads run, such as that of tokenizers.

    Args:
        function: must not change what it works with.
        items: taken one by one, in the calling thread.
        workers: how many threads; with 0 or 1 the calling one does it all.

    Raises:
        Exception: what the function raised for the first item that it failed on.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    source = iter(items)
    running: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="adaseq") as pool:
        try:
            for item in itertools.islice(source, workers + 1):
                running.append(pool.submit(function, item))
            while running:
                result = running.popleft().result()
                for item in itertools.islice(source, 1):
                    running.append(pool.submit(function, item))
                yield result
        finally:
            for future in running:
                future.cancel()


def usable_cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
