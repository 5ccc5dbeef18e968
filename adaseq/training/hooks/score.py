"""Finding and comparing the score that a hook watches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from adaseq.errors import AdaSeqError, nearest


def watched_score(scores: Mapping[str, Any], key: str, owner: str) -> float:
    """The score of a name.

    Args:
        scores: what the metrics say.
        key: the name.
        owner: which hook watches it, for the message.

    Raises:
        AdaSeqError: no metric gives it, or it is no number.
    """
    found = scores.get(key)
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return float(found)
    numbers = [name for name, value in scores.items() if isinstance(value, (int, float))]
    raise AdaSeqError(
        f"{owner} watches the score '{key}', which no metric gives{nearest(key, numbers) or ';'} there are: {', '.join(numbers)}."
    )


def is_better(score: float, best: float | None, rule: str, min_delta: float = 0.0) -> bool:
    """Whether a score beats the best so far; one that is not a number never does."""
    if math.isnan(score):
        return False
    if best is None:
        return True
    return score > best + min_delta if rule == "max" else score < best - min_delta
