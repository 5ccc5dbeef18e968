"""Batches: nothing lost, the same for the same seed, similar lengths together, fair between processes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.batching import BatchSampler

LENGTHS = st.lists(st.integers(1, 50), max_size=120)


@given(LENGTHS, st.integers(1, 9), st.booleans(), st.one_of(st.none(), st.integers(1, 200)), st.booleans())
def test_every_example_is_in_exactly_one_batch(lengths, batch_size, shuffle, budget, group):
    sampler = BatchSampler(lengths, batch_size, shuffle=shuffle, token_budget=budget, group_by_length=group)
    batches = list(sampler)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert len(batches) == len(sampler)
    assert all(0 < len(batch) <= batch_size for batch in batches)
    if budget is not None:
        assert all(len(b) == 1 or len(b) * max(lengths[i] for i in b) <= budget for b in batches)


@given(LENGTHS, st.integers(1, 5), st.integers(1, 4))
def test_processes_share_an_evaluation_without_overlap(lengths, batch_size, world):
    shards = [
        [i for batch in BatchSampler(lengths, batch_size, shuffle=False, rank=r, world_size=world) for i in batch]
        for r in range(world)
    ]
    assert sorted(i for shard in shards for i in shard) == list(range(len(lengths)))


@given(LENGTHS.filter(bool), st.integers(1, 5), st.integers(1, 4))
def test_processes_train_on_equally_many_batches(lengths, batch_size, world):
    samplers = [BatchSampler(lengths, batch_size, shuffle=True, rank=r, world_size=world) for r in range(world)]
    assert len({len(sampler) for sampler in samplers}) == 1
    assert {i for sampler in samplers for batch in sampler for i in batch} == set(range(len(lengths)))


def test_order_is_a_function_of_seed_epoch_and_position():
    lengths = np.random.default_rng(0).integers(1, 40, 500)
    first, second = (BatchSampler(lengths, 8, shuffle=True, seed=3) for _ in range(2))
    first.set_epoch(1)
    list(first)
    first.set_epoch(4)
    second.set_epoch(4, start=11)
    assert list(first)[11:] == list(second)
    second.set_epoch(5)
    assert list(first) != list(second)
    assert list(BatchSampler(lengths, 8, shuffle=True, seed=4)) != list(BatchSampler(lengths, 8, shuffle=True, seed=3))


def test_grouping_by_length_saves_padding():
    lengths = np.random.default_rng(0).integers(1, 100, 2000)

    def padding(group: bool) -> float:
        batches = BatchSampler(lengths, 16, shuffle=True, group_by_length=group)
        return sum(len(b) * lengths[b].max() - lengths[b].sum() for b in batches) / lengths.sum()

    assert padding(True) < 0.1 * padding(False)


@pytest.mark.parametrize("shuffle", [True, False])
def test_no_data_makes_no_batches(shuffle):
    assert list(BatchSampler([], 4, shuffle=shuffle)) == []


def test_short_batches_can_be_left_out():
    batches = list(BatchSampler([3] * 10, 4, shuffle=True, drop_last=True))
    assert [len(batch) for batch in batches] == [4, 4]


def test_processes_can_train_in_the_order_of_the_data():
    samplers = [
        BatchSampler([1] * 5, 1, shuffle=False, group_by_length=False, equal_shares=True, rank=r, world_size=2)
        for r in range(2)
    ]
    assert [list(sampler) for sampler in samplers] == [[[0], [2], [4]], [[1], [3], [0]]]


def corpora_sampler(**options):
    return BatchSampler(
        [3] * 30, 4, corpora=[(10, 1.0), (10, 2.5), (10, 0.0)], **{"shuffle": True, "seed": 7, **options}
    )


@pytest.mark.parametrize("shuffle", [True, False])
def test_weights_say_how_often_examples_are_seen(shuffle):
    sampler = corpora_sampler(shuffle=shuffle)
    halves = []
    for epoch in range(6):
        sampler.set_epoch(epoch)
        counts = np.bincount(np.concatenate(list(sampler)), minlength=30)
        assert counts[:10].tolist() == [1] * 10 and counts[20:].tolist() == [0] * 10
        assert sorted(counts[10:20]) == [2] * 5 + [3] * 5
        halves.append(tuple(counts[10:20]))
    assert len(set(halves)) > 1  # drawn anew in each epoch


def test_weighted_order_is_a_function_of_seed_epoch_and_position():
    first, second = corpora_sampler(), corpora_sampler()
    for epoch in range(3):
        first.set_epoch(epoch)
        list(first)
    second.set_epoch(2, start=3)
    assert list(first)[3:] == list(second)


def test_processes_share_the_weighted_batches():
    whole = corpora_sampler()
    parts = [corpora_sampler(rank=rank, world_size=2) for rank in range(2)]
    for epoch in (0, 3):
        for each in (whole, *parts):
            each.set_epoch(epoch)
        together = [batch for pair in zip(*parts, strict=True) for batch in pair]
        assert together[: len(list(whole))] == list(whole)
