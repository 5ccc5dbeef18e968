"""The schemes of MUC-5 (Chinchor and Sundheim 1993) and SemEval-2013 task 9.1 (Segura-Bedmar et al. 2013)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from adaseq.metrics.span_scores import SpanScores

Parts = tuple[tuple[int, int], ...]
Entity = tuple[str, Parts]

STRICT, EXACT, PARTIAL_OVERLAP, TYPE_OVERLAP = "STRICT", "EXACT", "PARTIAL-OVERLAP", "TYPE-OVERLAP"
SCHEMES = (STRICT, EXACT, PARTIAL_OVERLAP, TYPE_OVERLAP)


class MucCounts(NamedTuple):
    """What became of annotated and of predicted entities.

    Attributes:
        correct: pairs that agree.
        incorrect: pairs that do not.
        partial: pairs that agree in part.
        missing: annotated entities without a predicted one.
        spurious: predicted entities without an annotated one.
    """

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missing: int = 0
    spurious: int = 0

    @classmethod
    def add(cls, parts: Iterable[MucCounts]) -> MucCounts:
        """The sums."""
        return cls(*(sum(column) for column in zip(cls(), *parts, strict=True)))

    def scores(self) -> SpanScores:
        """Precision and recall, in which a part counts half."""
        paired = self.correct + self.incorrect + self.partial
        predicted, annotated = paired + self.spurious, paired + self.missing
        credit = self.correct + self.partial / 2
        return SpanScores.of(credit, predicted, credit, annotated)


def compare(annotated: set[Entity], predicted: set[Entity]) -> dict[str, MucCounts]:
    """Compare the entities of a sentence under each scheme."""
    pairs = _pairs(annotated, predicted)
    missing, spurious = len(annotated) - len(pairs), len(predicted) - len(pairs)
    same_words = [gold[1] == found[1] for gold, found in pairs]
    same_type = [gold[0] == found[0] for gold, found in pairs]
    same = sum(words and kind for words, kind in zip(same_words, same_type, strict=True))
    words, types, count = sum(same_words), sum(same_type), len(pairs)
    return {
        STRICT: MucCounts(same, count - same, 0, missing, spurious),
        EXACT: MucCounts(words, count - words, 0, missing, spurious),
        PARTIAL_OVERLAP: MucCounts(words, 0, count - words, missing, spurious),
        TYPE_OVERLAP: MucCounts(types, count - types, 0, missing, spurious),
    }


def _pairs(annotated: set[Entity], predicted: set[Entity]) -> list[tuple[Entity, Entity]]:
    """Entities that share words, each in one pair at most: those first that are the same, then those that share most."""
    pairs = [(each, each) for each in sorted(annotated & predicted)]
    left, right = sorted(annotated - predicted), sorted(predicted - annotated)
    ranked = []
    for gold in left:
        words = _words(gold)
        for found in right:
            shared = len(words & _words(found))
            if shared:
                rank = (gold[1] != found[1], -shared, gold[0] != found[0], gold, found)
                ranked.append(rank)
    used: set[tuple[bool, Entity]] = set()
    for *_, gold, found in sorted(ranked):
        if (True, gold) not in used and (False, found) not in used:
            used |= {(True, gold), (False, found)}
            pairs.append((gold, found))
    return pairs


def _words(entity: Entity) -> set[int]:
    return {word for start, end in entity[1] for word in range(start, end)}
