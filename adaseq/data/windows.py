"""Sentences longer than a backbone can take: overlapping windows, or truncation.

A window is a range of words whose pieces, with the special tokens, fit the limit. Each word belongs to one or two
windows and takes its vector from the one in which it has more context on its poorer side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Windows(NamedTuple):
    """How a sentence is cut.

    Attributes:
        bounds: `(start, end)` word ranges, in order, covering every word.
        stitch: `(L,)` for each word its place in the concatenation of all windows' words.
    """

    bounds: list[tuple[int, int]]
    stitch: np.ndarray


def words_that_fit(starts: np.ndarray, first: int, capacity: int) -> int:
    """The end of the longest range of words from `first` on whose pieces number at most `capacity`; at least one word.

    Args:
        starts: `(L + 1,)` where the pieces of each word start.
        first: the first word.
        capacity: the number of pieces.
    """
    end = int(np.searchsorted(starts, starts[first] + capacity, side="right")) - 1
    return max(end, first + 1)


def make_windows(starts: np.ndarray, capacity: int, overlap: int) -> Windows:
    """Cut a sentence into overlapping windows.

    Args:
        starts: `(L + 1,)` where the pieces of each word start; L at least 1.
        capacity: the most pieces in a window, without special tokens.
        overlap: the number of pieces that neighbouring windows share, about; less than `capacity`.
    """
    num_words = len(starts) - 1
    bounds = [(0, words_that_fit(starts, 0, capacity))]
    while bounds[-1][1] < num_words:
        previous_start, previous_end = bounds[-1]
        start = int(np.searchsorted(starts, starts[previous_end] - overlap))
        start = min(max(start, previous_start + 1), previous_end)
        bounds.append((start, words_that_fit(starts, start, capacity)))
    return Windows(bounds, _stitch(bounds, num_words))


def _stitch(bounds: list[tuple[int, int]], num_words: int) -> np.ndarray:
    stitch = np.empty(num_words, np.int32)
    shift, begin = 0, 0
    for i, (start, end) in enumerate(bounds):
        is_last = i + 1 == len(bounds)
        # Half of what the two windows share is nearer to the middle of this one.
        stop = end if is_last else max((bounds[i + 1][0] + end + 1) // 2, begin)
        stitch[begin:stop] = np.arange(begin, stop) - start + shift
        begin, shift = stop, shift + end - start
    return stitch
