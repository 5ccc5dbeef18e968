"""How probable something must be to be told, overall and by type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adaseq.errors import AdaSeqError, nearest

LeastProbability = float | Mapping[str, float] | None

ALL_OTHERS = "*"
# Every pair of words is a candidate of some probability.
LEAST_OF_CANDIDATES = 0.05


class Threshold:
    """The least probability of each type.

    Args:
        given: a probability; or one for each of some types, and under `*` for all others; None for the default, which is 0, and
            0.05 for candidates.
        types: those of the model.
        is_for_candidates: whether everything that is probable enough is told.

    Raises:
        AdaSeqError: something is no probability, or no type.
    """

    def __init__(self, given: LeastProbability, types: Sequence[str], is_for_candidates: bool = False) -> None:
        default = LEAST_OF_CANDIDATES if is_for_candidates else 0.0
        self._by_type: dict[str, float] = {}
        if isinstance(given, Mapping):
            self._by_type = {label: _probability(least, f" of '{label}'") for label, least in given.items()}
            self._others = self._by_type.pop(ALL_OTHERS, default)
            for label in self._by_type:
                if label not in types:
                    raise AdaSeqError(
                        f"min_probability names the type '{label}', which the model does not know"
                        f"{nearest(label, types) or '.'}"
                    )
        else:
            self._others = default if given is None else _probability(given)
        if is_for_candidates and self.lowest <= 0:
            raise AdaSeqError("candidates are all spans that are probable enough: give a min_probability above 0")

    @property
    def lowest(self) -> float:
        """The least probability of any type."""
        return min([self._others, *self._by_type.values()])

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return max([self._others, *self._by_type.values()]) <= 0

    def passes(self, label: str, probability: float) -> bool:
        """Whether something is probable enough.

        Args:
            label: its type.
            probability: how probable it is.
        """
        return probability >= self._by_type.get(label, self._others)


def _probability(value: float, whose: str = "") -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise AdaSeqError(f"min_probability{whose} is a probability, from 0 to 1; received {value!r}")
    return float(value)
