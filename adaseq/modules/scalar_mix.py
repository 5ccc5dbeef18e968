"""A learned mixture of the layers of a network (Peters et al. 2018, 'Deep contextualized word representations')."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


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
        self.weights = nn.Parameter(torch.tensor(initial), requires_grad=trainable)
        self.gamma = nn.Parameter(torch.tensor(1.0), requires_grad=trainable)

    def forward(self, layers: Sequence[Tensor]) -> Tensor:
        """Mix layers of equal shape `(B, L, H)`."""
        if len(layers) != len(self.weights):
            raise ValueError(f"{len(self.weights)} layers expected, received {len(layers)}")
        if self.do_layer_norm:
            layers = [nn.functional.layer_norm(layer, layer.shape[-1:]) for layer in layers]
        shares = torch.softmax(self.weights, 0)
        return self.gamma * sum(share * layer for share, layer in zip(shares, layers, strict=True))
