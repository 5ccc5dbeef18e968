"""Which arithmetic a forward–backward pass needs to be exact.

A recursion over probabilities, rescaled as it goes, is many times faster than one over logarithms, and it is as exact as
long as no tag that matters becomes so improbable that it underflows. Three facts bound that.

No forbidden transition: let R be the range of the transition scores. Swapping one tag of a path for the best tag of that
word costs at most 2R, so a tag that lies C below the best one has a posterior of at most exp(2R - C). Emissions can
therefore be cut off at C below the best, whatever their size, and every state then keeps at least exp(-C - R) of the mass
of the likeliest one.

Forbidden transitions: let D be the number of steps in which every tag can reach every other, W the range of the emissions
of a word. Then no state falls below exp(-D (W + R + log K)) of the likeliest one, without any cut-off.

Forbidden transitions and forbidden tags at single words: no bound from local quantities. The pass runs in float64 and the
result is verified (`needs_check`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from adaseq.modules.decoders.packing import Scores

# Scores further than this below the best of their kind count as forbidden: the weight is 0 in every arithmetic used.
FORBIDDEN = 1000.0
MAX_INTERVAL = 8
CHECKED_INTERVAL = 4
MAX_DIAMETER = 8


class Precision(NamedTuple):
    """What a floating-point type can hold, in natural logarithms.

    Args:
        dtype: the type.
        span: how far two numbers may lie apart, with a margin for subnormal numbers and for the terms of a sum.
        cutoff: how far below the best tag of a word emissions are cut off (C).
        max_range: the largest range of transition scores for which that is exact (R).
    """

    dtype: torch.dtype
    span: float
    cutoff: float
    max_range: float


FLOAT32 = Precision(torch.float32, span=80.0, cutoff=45.0, max_range=12.0)
FLOAT64 = Precision(torch.float64, span=640.0, cutoff=300.0, max_range=100.0)


class Plan(NamedTuple):
    """How to run a scaled forward–backward pass.

    Args:
        dtype: type of the probabilities.
        floor: emissions below this are raised to it (those of minus infinity stay forbidden).
        interval: steps between two rescalings.
        has_zeros: whether some transition or emission is forbidden.
        needs_check: whether the pass must be verified afterwards.
    """

    dtype: torch.dtype
    floor: float
    interval: int
    has_zeros: bool = False
    needs_check: bool = False


def choose_plan(scores: Scores) -> Plan | None:
    """The cheapest plan that is exact for these packed scores, or None where only logarithms are."""
    emissions, *groups = scores
    bounds = torch.stack([each for group in groups for each in torch.aminmax(group)] + [emissions.amin()])
    *limits, lowest = bounds.tolist()
    score_range = max(high - low for low, high in zip(limits[::2], limits[1::2], strict=True))
    has_forbidden_tags = lowest == -math.inf
    # On accelerators the pass is bound by launches, not arithmetic, and float32 products may be rounded to TF32.
    is_single = emissions.dtype == torch.float32 and emissions.device.type == "cpu"
    precisions = (FLOAT32, FLOAT64) if is_single else (FLOAT64,)
    if score_range < FORBIDDEN:
        return _free_plan(precisions, score_range, emissions.shape[1], has_forbidden_tags)
    if has_forbidden_tags:
        is_safe = all(_has_no_underflow(each, FLOAT64) for each in scores)
        return Plan(torch.float64, -math.inf, CHECKED_INTERVAL, has_zeros=True, needs_check=True) if is_safe else None
    return _constrained_plan(precisions, groups, -lowest)


def _free_plan(
    precisions: tuple[Precision, ...], score_range: float, num_tags: int, has_forbidden_tags: bool
) -> Plan | None:
    for precision in precisions:
        room = precision.span - precision.cutoff - score_range
        # Between rescalings mass falls by at most exp(-R) a step and grows by at most K.
        interval = int(room / max(score_range, math.log(num_tags), 1e-3))
        if score_range <= precision.max_range and interval >= 1:
            return Plan(precision.dtype, -precision.cutoff, min(interval, MAX_INTERVAL), has_forbidden_tags)
    return None


def _constrained_plan(
    precisions: tuple[Precision, ...], groups: Sequence[Tensor], emission_range: float
) -> Plan | None:
    used = [group > group.amax() - FORBIDDEN for group in groups]
    ranges = [(group.amax() - group.where(keep, group.amax())).amax() for group, keep in zip(groups, used, strict=True)]
    steps = _diameter(used[2])
    if steps is None:
        return None
    loss = emission_range + float(torch.stack(ranges).amax()) + math.log(used[2].shape[0])  # of a state, in one step
    for precision in precisions:
        interval = int((precision.span / loss - steps + 1) / 2)
        if interval >= 1:
            return Plan(precision.dtype, -math.inf, min(interval, MAX_INTERVAL), has_zeros=True)
    return None


def _has_no_underflow(scores: Tensor, precision: Precision) -> bool:
    """Whether `exp` of scores less the best one is 0 for those of minus infinity only."""
    return bool((scores.isneginf() | (scores > scores.amax() - precision.span)).all())


def _diameter(is_allowed: Tensor) -> int | None:
    """In how many steps every tag reaches every tag; None if not in a few."""
    step = is_allowed.float().cpu()
    reach = step
    for count in range(1, MAX_DIAMETER + 1):
        if bool((reach > 0).all()):
            return count
        reach = (reach @ step).clamp_max_(1.0)
    return None
