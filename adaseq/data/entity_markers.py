"""Words that mark the two entities of a relation, and what is left of a text that is too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaseq.metainfo import OBJECT_MARKERS, SUBJECT_MARKERS

Range = tuple[int, int]

SUBJECT, OBJECT = SUBJECT_MARKERS, OBJECT_MARKERS
"""What stands before and behind the subject, and the object."""
MARKERS = (*SUBJECT, *OBJECT)


class Marked(NamedTuple):
    """A text with markers.

    Attributes:
        words: the words with the markers among them.
        places: where among them the markers of the subject and of the object are: two for each, -1 for one that is absent.
    """

    words: list[str]
    places: tuple[int, int, int, int]


def mark(words: Sequence[str], subject: Range | None, object: Range | None, markers: Sequence[str] = MARKERS) -> Marked:
    """Put markers around the entities; one may lie in the other.

    Args:
        words: the words.
        subject: the range of the subject's words; None if there is none.
        object: that of the object.
        markers: the words to put in: before and behind the subject, before and behind the object.
    """
    events = []
    for number, entity in ((0, subject), (2, object)):
        if entity is not None:
            start, end = entity
            # At the same place one entity ends before another begins; of two that begin there the longer one is outside,
            # and of two that end there the one that began later is inside.
            events.append((start, 1, -end, number))
            events.append((end, 0, -start, number + 1))
    marked: list[str] = []
    places = [-1, -1, -1, -1]
    last = 0
    for position, _, _, number in sorted(events):
        marked += words[last:position]
        last = position
        places[number] = len(marked)
        marked.append(markers[number])
    return Marked([*marked, *words[last:]], (places[0], places[1], places[2], places[3]))


def words_to_keep(costs: np.ndarray, entities: Sequence[Range], space: int) -> np.ndarray:
    """Which words of a text that is too long to keep: the entities, what is between them, and what is nearest.

    If all between the entities does not fit, it is what is nearest to one of them, on either side. Of entities that do not
    fit themselves their beginnings are kept.

    Args:
        costs: `(L,)` how many pieces each word has; at least 1.
        entities: the ranges of the words of the entities.
        space: the most pieces.

    Returns:
        The places of the words, in order.
    """
    positions = np.arange(len(costs))
    if not entities:
        return positions[np.cumsum(costs) <= space]
    distance = np.min([np.maximum(np.maximum(start - positions, positions - end + 1), 0) for start, end in entities], 0)
    is_entity = distance == 0
    if costs[is_entity].sum() > space:
        from_beginning = np.min([_behind(positions, start, end) for start, end in entities], 0)
        distance = np.where(is_entity, from_beginning, len(costs))
    else:
        low, high = min(start for start, _ in entities), max(end for _, end in entities)
        if costs[low:high].sum() <= space:
            distance[low:high] = 0
    order = np.argsort(distance, kind="stable")
    fits = np.cumsum(costs[order]) <= space
    # Even if nothing fits, one word must remain.
    return np.sort(order[: max(int(fits.sum()), 1)])


def _behind(positions: np.ndarray, start: int, end: int) -> np.ndarray:
    """How far behind the beginning of an entity each of its words is; very far for all other words."""
    return np.where((positions >= start) & (positions < end), positions - start, len(positions) + 1)
