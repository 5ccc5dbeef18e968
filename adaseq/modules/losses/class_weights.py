"""How much each class counts: given by name, or computed from how often it is found in the training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from adaseq.errors import ModelError, nearest
from adaseq.utils.ranges import NonNegative

FROM_COUNTS = ("inverse", "inverse-sqrt", "effective")
Weights = dict[str, NonNegative] | list[NonNegative] | Literal["inverse", "inverse-sqrt", "effective"]

# Of the weights by the effective number of samples (Cui et al. 2019).
_BETA = 0.999


def class_weights(
    weights: Weights | None, classes: Sequence[str] | None, counts: Sequence[int] | None, num_classes: int | None = None
) -> Tensor:
    """One weight for each class, `(K,)`.

    Args:
        weights: a list in the order of the classes; a mapping from names to weights, the others being 1, where a tag may be
            meant by its type (`PER` for `B-PER`, `I-PER`, …); or how to compute them from the counts: `inverse` (to the
            frequency), `inverse-sqrt` (to its root), `effective` (to the effective number of samples, Cui et al. 2019).
            Those that are computed have the mean 1 over the items of the training data.
        classes: the names.
        counts: how often each class is in the training data; None when a trained model is loaded, whose weights are then
            read from its folder.
        num_classes: K, where there are no names.

    Raises:
        ModelError: they do not fit the classes.
    """
    size = len(classes) if classes is not None else num_classes
    if size is None:
        raise ModelError("class weights need the names of the classes")
    if weights is None or (isinstance(weights, str) and counts is None):
        return torch.ones(size)
    if isinstance(weights, str):
        assert counts is not None
        return _from_counts(weights, torch.tensor(counts, dtype=torch.float64))
    if isinstance(weights, Mapping):
        return _by_name(weights, list(classes or []))
    if len(weights) != size:
        raise ModelError(f"loss: {len(weights)} weights are given, but there are {size} classes")
    _check_positive(weights)
    return torch.tensor(weights, dtype=torch.float32)


def _from_counts(way: str, counts: Tensor) -> Tensor:
    """A class that is never seen weighs as much as one that is seen once; its weight is never used in training."""
    seen = counts.clamp(min=1)
    if way == "inverse":
        weights = 1 / seen
    elif way == "inverse-sqrt":
        weights = seen.rsqrt()
    else:
        weights = (1 - _BETA) / (1 - _BETA**seen)
    mean = (weights * counts).sum() / counts.sum().clamp(min=1)
    return (weights / mean if mean > 0 else torch.ones_like(weights)).float()


def _by_name(weights: Mapping[str, float], classes: list[str]) -> Tensor:
    result = torch.ones(len(classes))
    _check_positive(weights.values())
    types = [name.split("-", 1)[1] if "-" in name else name for name in classes]
    for name, weight in weights.items():
        places = [i for i, each in enumerate(classes) if each == name]
        places = places or [i for i, each in enumerate(types) if each == name]
        if not places:
            known = list(dict.fromkeys([*classes, *types]))
            raise ModelError(
                f"loss.weights: there is no class '{name}'{nearest(name, known) or ';'} known: {', '.join(known)}"
            )
        result[places] = float(weight)
    return result


def _check_positive(weights: object) -> None:
    for weight in weights:  # type: ignore[attr-defined]
        if weight < 0:
            raise ModelError(f"loss: a weight of a class must not be negative; received {weight}")
