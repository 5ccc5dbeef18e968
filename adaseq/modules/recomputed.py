"""Sums whose parts are too large to be kept until gradients flow back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor


def sum_of_parts(parts: Callable[[], Iterator[Tensor]], learned: Sequence[Tensor]) -> Tensor:
    """The sum of some numbers in the memory of one of them: each is computed once more when gradients flow back, from the same
    random numbers (Chen et al. 2016, 'Training deep nets with sublinear memory cost').

    Unlike `torch.utils.checkpoint` of each part it keeps nothing of a part at all. The many small things that are kept there lie
    between the arrays of a part, so that those of the next one do not fit into the gaps, and the process grows with each part.

    Args:
        parts: yields the parts, scalars; called again for the gradients.
        learned: all tensors that the parts are made of and that are to have gradients, none of them made of another.
    """
    wanted = [each for each in learned if each.requires_grad]
    if not wanted or not torch.is_grad_enabled():
        return _added(parts)
    total: Tensor = _Sum.apply(parts, *wanted)
    return total


class _Sum(torch.autograd.Function):
    """The sum of what `parts` yields."""

    @staticmethod
    def forward(ctx: Any, parts: Callable[[], Iterator[Tensor]], *learned: Tensor) -> Tensor:
        ctx.save_for_backward(*learned)
        device = learned[0].device
        ctx.parts, ctx.autocast, ctx.random = parts, _autocast(device.type), _random_states(device)
        with torch.autocast(**ctx.autocast):
            return _added(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        learned = ctx.saved_tensors
        device = learned[0].device
        totals: list[Tensor | None] = [None] * len(learned)

        def add(gradients: Sequence[Tensor | None]) -> None:
            for index, (each, total) in enumerate(zip(gradients, totals, strict=True)):
                if each is not None:
                    # A copy, since two gradients may be one and the same tensor.
                    totals[index] = each.clone() if total is None else total.add_(each)

        before = _random_states(device)
        _set_random_states(device, ctx.random)
        with torch.enable_grad(), torch.autocast(**ctx.autocast):
            for part in ctx.parts():
                add(torch.autograd.grad(part, learned, gradient, allow_unused=True))
        _set_random_states(device, before)
        return None, *totals


def _added(parts: Callable[[], Iterator[Tensor]]) -> Tensor:
    total: Tensor = torch.stack(list(parts())).sum()
    return total


def _autocast(kind: str) -> dict[str, Any]:
    """The mixed precision of this moment. Weights that it casts are not remembered: from here they would have no gradients."""
    return {
        "device_type": kind,
        "enabled": torch.is_autocast_enabled(kind),
        "dtype": torch.get_autocast_dtype(kind),
        "cache_enabled": False,
    }


def _random_states(device: torch.device) -> list[Tensor]:
    """The states of the random numbers of the CPU and of a device."""
    if device.type == "cpu":
        return [torch.get_rng_state()]
    if device.type == "mps":
        return [torch.get_rng_state(), torch.mps.get_rng_state()]
    return [torch.get_rng_state(), torch.get_device_module(device).get_rng_state(device)]


def _set_random_states(device: torch.device, states: Sequence[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if device.type == "mps":
        torch.mps.set_rng_state(states[1])
    elif device.type != "cpu":
        torch.get_device_module(device).set_rng_state(states[1], device)
