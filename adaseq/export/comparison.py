"""Whether an exported model says what the model says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# Probabilities of the same thing may differ by so much.
TOLERANCE = 1e-4


@dataclass
class Comparison:
    """What two predictors said of the same texts.

    Attributes:
        found: how many entities, relations or labels one of them found, or both.
        agreeing: how many of these both found.
        gap: the greatest difference between two probabilities of what both found.
        shortfall: the texts on which they differ, at most five, with what each found.
    """

    found: int = 0
    agreeing: int = 0
    gap: float = 0.0
    shortfall: list[tuple[Any, list[Any], list[Any]]] | None = None

    @property
    def agreement(self) -> float:
        """The F1 of one against the other."""
        both = 2 * self.agreeing
        return both / (self.found + self.agreeing) if self.found else 1.0


def compare(inputs: Sequence[Any], ours: Iterable[Any], theirs: Iterable[Any]) -> Comparison:
    """Compare results.

    Args:
        inputs: the texts.
        ours: the results of one predictor.
        theirs: those of another one.
    """
    comparison = Comparison(shortfall=[])
    assert comparison.shortfall is not None
    for given, left, right in zip(inputs, ours, theirs, strict=True):
        mine, other = _keyed(left["output"]), _keyed(right["output"])
        both = mine.keys() & other.keys()
        comparison.found += len(mine.keys() | other.keys())
        comparison.agreeing += len(both)
        comparison.gap = max([comparison.gap, *(abs(mine[key] - other[key]) for key in both)])
        if (len(both) < len(mine) or len(both) < len(other)) and len(comparison.shortfall) < 5:
            comparison.shortfall.append((given, sorted(mine, key=str), sorted(other, key=str)))
    return comparison


def _keyed(output: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], float]:
    """What was found, with its probability."""
    return {(each["type"], each.get("start"), each.get("end")): float(each.get("prob", 1.0)) for each in output}
