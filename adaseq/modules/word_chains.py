"""Entities as chains of words: from relations between words to the words of each entity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

# How many steps are taken for each word of a sentence, so that untrained models come to an end.
_STEPS_PER_WORD = 200


class Chain(NamedTuple):
    """The words of an entity in order, its type, and the probability that all of its relations hold."""

    words: tuple[int, ...]
    label: int
    probability: float


def find_chains(
    links: Sequence[tuple[int, int, float]], ends: Sequence[tuple[int, int, int, float]], length: int
) -> list[Chain]:
    """The entities of a sentence: for each end all ways along links that lead from the head to the tail.

    Args:
        links: pairs of a word and the next one in some entity, with probabilities.
        ends: tail, head and type of entities, with probabilities.
        length: the number of words.

    Returns:
        The entities, in order. The ends with the highest probabilities come first if there are too many ways to follow.
    """
    following: dict[int, list[tuple[int, float]]] = {}
    preceding: dict[int, list[int]] = {}
    for first, second, probability in links:
        following.setdefault(first, []).append((second, probability))
        preceding.setdefault(second, []).append(first)
    budget = [_STEPS_PER_WORD * max(length, 1)]
    chains = []
    for tail, head, label, probability in sorted(ends, key=lambda end: -end[3]):
        useful = _reaching(tail, head, preceding)
        for words, along in _ways(head, tail, following, useful, budget):
            chains.append(Chain(words, label, probability * along))
    return sorted(chains)


def _reaching(tail: int, head: int, preceding: dict[int, list[int]]) -> set[int]:
    """The words from which links lead to the tail, not before the head."""
    reaching, waiting = {tail}, [tail]
    while waiting:
        for word in preceding.get(waiting.pop(), ()):
            if word >= head and word not in reaching:
                reaching.add(word)
                waiting.append(word)
    return reaching


def _ways(
    head: int, tail: int, following: dict[int, list[tuple[int, float]]], useful: set[int], budget: list[int]
) -> Iterator[tuple[tuple[int, ...], float]]:
    """The ways from the head to the tail, with their probabilities, as long as the budget lasts."""
    waiting: list[tuple[tuple[int, ...], float]] = [((head,), 1.0)] if head in useful else []
    while waiting and budget[0] > 0:
        budget[0] -= 1
        words, probability = waiting.pop()
        if words[-1] == tail:
            yield words, probability
            continue
        for word, along in following.get(words[-1], ()):
            if word in useful:
                waiting.append(((*words, word), probability * along))
