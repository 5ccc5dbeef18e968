"""Marked entities, and what remains of texts that are too long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.entity_markers import MARKERS, mark, words_to_keep


@pytest.mark.parametrize(
    ("subject", "object", "expected"),
    [
        ((0, 1), (2, 4), "<E> a </E> b <O> c d </O>"),
        ((2, 3), (0, 2), "<O> a b </O> <E> c </E> d"),
        ((0, 4), (1, 2), "<E> a <O> b </O> c d </E>"),
        ((1, 2), (1, 4), "a <O> <E> b </E> c d </O>"),
        ((1, 4), (3, 4), "a <E> b c <O> d </O> </E>"),
        (None, (1, 2), "a <O> b </O> c d"),
        (None, None, "a b c d"),
    ],
)
def test_markers_stand_around_the_entities(subject, object, expected) -> None:
    words, places = mark(["a", "b", "c", "d"], subject, object)
    assert " ".join(words) == expected
    assert [words[place] if place >= 0 else None for place in places] == [
        marker if entity is not None else None
        for entity, markers in ((subject, MARKERS[:2]), (object, MARKERS[2:]))
        for marker in markers
    ]


entities = st.tuples(st.integers(0, 29), st.integers(1, 5)).map(lambda pair: (pair[0], min(pair[0] + pair[1], 30)))


@given(st.lists(st.integers(1, 4), min_size=30, max_size=30), entities, entities, st.integers(4, 130))
def test_the_entities_are_kept_and_nothing_more_than_fits(costs, first, second, space) -> None:
    costs = np.asarray(costs)
    kept = words_to_keep(costs, [first, second], space)
    assert costs[kept].sum() <= space
    assert sorted(set(kept.tolist())) == kept.tolist()
    needed = sorted({*range(*first), *range(*second)})
    if costs[needed].sum() <= space:
        assert set(needed) <= set(kept.tolist())
    if costs.sum() <= space:
        assert len(kept) == len(costs)


def test_all_between_the_entities_comes_before_what_is_outside() -> None:
    assert words_to_keep(np.ones(20, int), [(3, 4), (10, 11)], 8).tolist() == list(range(3, 11))
    assert words_to_keep(np.ones(20, int), [(3, 4), (10, 11)], 10).tolist() == list(range(2, 12))


def test_entities_far_apart_keep_what_is_nearest_to_them() -> None:
    assert words_to_keep(np.ones(40, int), [(5, 6), (30, 31)], 6).tolist() == [4, 5, 6, 29, 30, 31]


def test_of_entities_that_do_not_fit_the_beginnings_are_kept() -> None:
    assert words_to_keep(np.ones(40, int), [(5, 15), (30, 38)], 6).tolist() == [5, 6, 7, 30, 31, 32]


def test_without_entities_the_beginning_is_kept() -> None:
    assert words_to_keep(np.ones(9, int), [], 4).tolist() == [0, 1, 2, 3]
