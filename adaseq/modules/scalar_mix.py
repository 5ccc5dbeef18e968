"""A learned mixture of the layers of a network (Peters et al. 2018, 'Deep contextualized word representations')."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError, nearest

_SWITCHES = ("do_layer_norm", "trainable")
_INITIAL = "initial_scalar_parameters"


class ScalarMix(nn.Module):
    """`gamma * sum_k softmax(w)_k * layer_k` (eq. 1).

    Args:
        num_layers: the number of layers to mix.
        do_layer_norm: normalise each layer over its features before mixing.
        initial_scalar_parameters: the first values of w; zeros by default, so that all layers weigh the same.
        trainable: learn w and gamma.
    """

    def __init__(
        self,
        num_layers: int,
        do_layer_norm: bool = False,
        initial_scalar_parameters: list[float] | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__()
        initial = initial_scalar_parameters if initial_scalar_parameters is not None else [0.0] * num_layers
        if len(initial) != num_layers:
            raise ValueError(
                f"initial_scalar_parameters has {len(initial)} numbers, one for each of {num_layers} layers needed"
            )
        self.do_layer_norm = do_layer_norm
        self.weights = nn.Parameter(torch.tensor(initial, dtype=torch.float32), requires_grad=trainable)
        self.gamma = nn.Parameter(torch.tensor(1.0), requires_grad=trainable)

    def forward(self, layers: Sequence[Tensor]) -> Tensor:
        """Mix layers of equal shape `(B, L, H)`."""
        if len(layers) != len(self.weights):
            raise ValueError(f"{len(self.weights)} layers expected, received {len(layers)}")
        if self.do_layer_norm:
            layers = [nn.functional.layer_norm(layer, layer.shape[-1:]) for layer in layers]
        shares = torch.softmax(self.weights, 0)
        return self.gamma * sum(share * layer for share, layer in zip(shares, layers, strict=True))


def check_scalar_mix(block: Any, where: str, num_layers: int | None = None) -> None:
    """Refuse options that a mixture of layers does not have.

    Args:
        block: what was given; None for no mixture.
        where: what it is called in messages.
        num_layers: how many layers there are to mix; None if that is not known yet.

    Raises:
        ModelError: there are some.
    """
    for name, value in (block or {}).items():
        known = (*_SWITCHES, _INITIAL)
        if name not in known:
            raise ModelError(
                f"{where} has no option '{name}'{nearest(str(name), known) or ';'} known: {', '.join(known)}"
            )
        if name in _SWITCHES and not isinstance(value, bool):
            raise ModelError(f"{where}.{name} is {value!r}; it must be true or false")
    initial = (block or {}).get(_INITIAL)
    if initial is None:
        return
    is_list = isinstance(initial, Sequence) and all(isinstance(each, (int, float)) for each in initial)
    if not is_list or (num_layers is not None and len(initial) != num_layers):
        raise ModelError(
            f"{where}.{_INITIAL} is {initial!r}; it must be a list of numbers, one for each layer of the backbone"
            + ("" if num_layers is None else f", which has {num_layers}")
        )
