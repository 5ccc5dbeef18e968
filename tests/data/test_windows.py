"""Every word is in some window, no window is too long, and each word is taken from where it has more context."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.windows import make_windows, words_that_fit


@st.composite
def sentences(draw):
    capacity = draw(st.integers(1, 12))
    counts = draw(st.lists(st.integers(1, capacity), min_size=1, max_size=60))
    overlap = draw(st.integers(0, capacity - 1))
    return np.concatenate([[0], np.cumsum(counts)]), capacity, overlap


@given(sentences())
def test_windows_fit_and_cover_every_word(case):
    starts, capacity, overlap = case
    windows = make_windows(starts, capacity, overlap)
    assert all(starts[b] - starts[a] <= capacity for a, b in windows.bounds)
    assert windows.bounds[0][0] == 0 and windows.bounds[-1][1] == len(starts) - 1
    assert {w for a, b in windows.bounds for w in range(a, b)} == set(range(len(starts) - 1))


@given(sentences())
def test_stitch_finds_each_word_where_it_has_most_context(case):
    starts, capacity, overlap = case
    windows = make_windows(starts, capacity, overlap)
    place_to_word = [word for a, b in windows.bounds for word in range(a, b)]
    assert [place_to_word[place] for place in windows.stitch] == list(range(len(starts) - 1))


def test_overlap_is_shared_in_the_middle():
    windows = make_windows(np.arange(11), capacity=6, overlap=2)
    assert windows.bounds == [(0, 6), (4, 10)]
    assert windows.stitch.tolist() == [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]


def test_words_that_fit_takes_at_least_one():
    starts = np.array([0, 5, 6, 7])
    assert words_that_fit(starts, 0, 3) == 1
    assert words_that_fit(starts, 1, 2) == 3
