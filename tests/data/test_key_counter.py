"""Counting keys in bounded memory."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.key_counter import KeyCounter

BATCHES = st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=8)


@given(BATCHES, st.integers(2, 40), st.integers(1, 9))
def test_counts_are_exact_whatever_fits_into_memory(batches, most, aligned):
    counter = KeyCounter(most)
    for batch in batches:
        counter.add(np.asarray(batch, np.uint64))
    parts = list(counter.parts(aligned))
    counter.close()
    keys = [int(key) for part in parts for key in part.keys]
    counts = [int(count) for part in parts for count in part.counts]
    expected = Counter(key for batch in batches for key in batch)
    assert keys == sorted(expected) and counts == [expected[key] for key in keys]
    groups = [{key // aligned for key in part.keys.tolist()} for part in parts]
    assert sum(map(len, groups)) == len(set().union(*groups))


def test_what_does_not_fit_lies_on_disk_until_it_is_closed(tmp_path: Path):
    counter = KeyCounter(10, tmp_path)
    for start in range(0, 200, 20):
        counter.add(np.arange(start, start + 20, dtype=np.uint64))
    assert len(list(tmp_path.glob("*/*.npy"))) > 2
    sizes = [len(part.keys) for part in counter.parts()]
    assert sum(sizes) == 200 and max(sizes) <= 20
    counter.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("aligned", [1, 1 << 32])
def test_the_greatest_keys_are_counted_too(aligned):
    counter = KeyCounter(2)
    keys = np.asarray([(1 << 64) - 1, (1 << 64) - 2, 5, (1 << 63), 5, 7], np.uint64)
    counter.add(keys[:3])
    counter.add(keys[3:])
    assert sum(int(part.counts.sum()) for part in counter.parts(aligned)) == 6
    counter.close()
