from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from adaseq.utils.ordered_map import ordered_map, usable_cores


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_order(workers: int) -> None:
    assert list(ordered_map(lambda x: x * x, range(50), workers)) == [x * x for x in range(50)]
    assert list(ordered_map(lambda x: x, [], workers)) == []


def test_only_a_few_items_are_taken_ahead() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    results = ordered_map(lambda x: x, items(), 2)
    assert next(results) == 0
    assert len(taken) <= 4
    results.close()  # type: ignore[attr-defined]


def test_the_calling_thread_takes_the_items() -> None:
    threads = set()

    def items() -> Iterator[int]:
        for item in range(10):
            threads.add(threading.get_ident())
            yield item

    list(ordered_map(lambda x: x, items(), 3))
    assert threads == {threading.get_ident()}


def test_an_error_is_raised_in_its_place() -> None:
    results = ordered_map(lambda x: 1 // (3 - x), range(10), 2)
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_there_is_a_core() -> None:
    assert usable_cores() >= 1
