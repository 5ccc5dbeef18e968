"""Chains of words: every way from a head to a tail, and an end to it."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.modules.word_chains import find_chains

LENGTH = 6
PAIRS = st.tuples(st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))


def every_way(links, ends):
    """All subsets of words whose neighbours are linked, from a head to its tail."""
    found = set()
    for size in range(1, LENGTH + 1):
        for words in itertools.combinations(range(LENGTH), size):
            if all(pair in links for pair in itertools.pairwise(words)):
                found.update((words, label) for tail, head, label in ends if (words[0], words[-1]) == (head, tail))
    return found


@settings(max_examples=200)
@given(
    st.sets(PAIRS.filter(lambda pair: pair[0] < pair[1])),
    st.sets(st.tuples(PAIRS.filter(lambda pair: pair[0] >= pair[1]), st.integers(0, 1)), max_size=8),
)
def test_all_ways_are_found(links, ends):
    flat = {(*pair, label) for pair, label in ends}
    chains = find_chains([(*pair, 1.0) for pair in links], [(*each, 1.0) for each in flat], LENGTH)
    assert len(chains) == len({each[:2] for each in chains})
    assert {(each.words, each.label) for each in chains} == every_way(links, flat)


def test_probabilities_are_those_of_all_relations_together():
    chains = find_chains([(0, 1, 0.5), (1, 3, 0.8)], [(3, 0, 2, 0.9), (1, 1, 0, 0.7)], 4)
    assert [(each.words, each.label, round(each.probability, 6)) for each in chains] == [
        ((0, 1, 3), 2, 0.36),
        ((1,), 0, 0.7),
    ]


def test_a_hopeless_grid_comes_to_an_end():
    length = 60
    links = [(i, j, 0.5) for i in range(length) for j in range(i + 1, length)]
    ends = [(i, j, 0, 0.5) for i in range(length) for j in range(i + 1)]
    assert 0 < len(find_chains(links, ends, length)) <= 200 * length
