"""Optimizers and schedules that work for certain, so that the check of a configuration need not try them.

To build an optimizer takes seconds: PyTorch imports its compiler for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from adaseq.training.optimizer import GROUP_KEYS, OWN_KEYS

# Their arguments do not get into each other's way.
_OPTIMIZERS = ("Adam", "AdamW", "SGD")
_SCHEDULES = ("LinearLR", "constant", "cosine", "linear")


def _is_from(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, (int, float)) and low <= value < high


def _are_betas(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_from(0, 1), value))


_RATE = _is_from(0, math.inf)
_ARGUMENTS: dict[str, Callable[[Any], bool]] = {
    "lr": _RATE,
    "weight_decay": _RATE,
    "momentum": _RATE,
    "dampening": _RATE,
    "eps": _is_from(1e-30, math.inf),
    "betas": _are_betas,
    "start_factor": _is_from(1e-6, 1.000001),
    "end_factor": _is_from(0, 1.000001),
    "total_iters": lambda value: isinstance(value, int) and value > 0,
    "num_cycles": _RATE,
    "last_epoch": lambda value: value == -1,
    "warmup_rate": _is_from(0, 1.000001),
    "warmup_steps": lambda value: isinstance(value, int) and value >= 0,
}
# What they mean does not depend on the optimizer; whether `capturable` works is known when the training begins.
_ELSEWHERE = {*OWN_KEYS, *GROUP_KEYS, "capturable"}


def is_usual_optimizer(block: Mapping[str, Any]) -> bool:
    """Whether an optimizer accepts these arguments, and those of each of its parameter groups, for certain."""
    groups = [{**block, **group} for group in block.get("param_groups") or []]
    return block["type"] in _OPTIMIZERS and all(map(_has_usual_arguments, [block, *groups]))


def is_usual_schedule(block: Mapping[str, Any]) -> bool:
    """Whether a schedule accepts these arguments for certain."""
    has_two_warm_ups = bool(block.get("warmup_rate")) and bool(block.get("warmup_steps"))
    has_options = bool(block.get("options"))
    return block["type"] in _SCHEDULES and not has_two_warm_ups and not has_options and _has_usual_arguments(block)


def _has_usual_arguments(block: Mapping[str, Any]) -> bool:
    return all(
        name in _ELSEWHERE or value is None or value is False or (name in _ARGUMENTS and _ARGUMENTS[name](value))
        for name, value in block.items()
    )
