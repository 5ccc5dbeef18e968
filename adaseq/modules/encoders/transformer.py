"""Transformer layers over the words of a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from adaseq.errors import ModelError
from adaseq.metainfo import Encoders
from adaseq.modules.encoders.base import Encoder
from adaseq.registry import ENCODERS
from adaseq.utils.ranges import Count, Rate

_BASE = 10_000.0


@ENCODERS.register(Encoders.TRANSFORMER, supplied_unless_given=("input_size",))
class TransformerEncoder(Encoder):
    """Layers of self-attention, normalised first (Vaswani et al. 2017; Xiong et al. 2020); sentences of any length.

    Args:
        hidden_size: the width of the layers; by default that of the word vectors, and with another one these are projected.
        input_size: the width of the word vectors; by default that of the embedder.
        num_layers: layers on top of each other.
        num_heads: heads of attention; they divide the width.
        feedforward_size: the width inside the feed-forward networks; by default four times that of the layers.
        dropout: on what each part of a layer adds, and on attention.
        positions: how words know their order: `rotary` turns queries and keys (Su et al. 2021), so that attention depends on
            distance and direction; `sinusoidal` adds the waves of Vaswani et al.; `none`.
    """

    def __init__(
        self,
        input_size: Count,
        hidden_size: Count | None = None,
        num_layers: Count = 2,
        num_heads: Count = 4,
        feedforward_size: Count | None = None,
        dropout: Rate = 0.1,
        positions: Literal["rotary", "sinusoidal", "none"] = "rotary",
    ) -> None:
        super().__init__()
        width = hidden_size or input_size
        _check_heads(width, num_heads, positions)
        self.positions = positions
        self.projection = nn.Linear(input_size, width) if width != input_size else nn.Identity()
        self.layers = nn.ModuleList(
            _Layer(width, num_heads, feedforward_size or 4 * width, dropout, positions == "rotary")
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.output_size = width

    @classmethod
    def check_width(cls, arguments: Mapping[str, Any], width: int) -> None:
        """Refuse another width of the word vectors, and heads that do not share the width of the layers.

        Args:
            arguments: those of the constructor.
            width: the width of the vectors that the embedder makes.

        Raises:
            ModelError: they do not fit.
        """
        super().check_width(arguments, width)
        own = arguments.get("hidden_size") or width
        _check_heads(own, arguments.get("num_heads", 4), arguments.get("positions", "rotary"))

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """Encode `(B, L, input_size)` to `(B, L, hidden_size)`; padding is never seen by words."""
        words = self.projection(words)
        if self.positions == "sinusoidal":
            words = words + sinusoids(words.shape[1], words.shape[2], words.device).to(words.dtype)
        words = self.dropout(words)
        # An empty sentence sees its first padding: attention to nothing is not a number.
        is_first = torch.arange(mask.shape[1], device=mask.device) == 0
        seen = mask | (is_first & ~mask.any(1, keepdim=True))
        for layer in self.layers:
            words = layer(words, seen[:, None, None, :])
        return self.norm(words)


class _Layer(nn.Module):
    """One layer.

    Args:
        width: H.
        num_heads: heads of attention.
        feedforward_size: the width inside.
        dropout: the rate.
        is_rotary: whether queries and keys are turned by their positions.
    """

    def __init__(self, width: int, num_heads: int, feedforward_size: int, dropout: float, is_rotary: bool) -> None:
        super().__init__()
        self.num_heads, self.rate, self.is_rotary = num_heads, dropout, is_rotary
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_output = nn.Linear(width, width)
        self.feedforward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, feedforward_size),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(feedforward_size, width),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Tensor, seen: Tensor) -> Tensor:
        """From `(B, L, H)` to the same shape; `seen` (B, 1, 1, L) says which words may be attended to."""
        words = words + self.dropout(self._attend(self.attention_norm(words), seen))
        return words + self.dropout(self.feedforward(words))

    def _attend(self, words: Tensor, seen: Tensor) -> Tensor:
        batch, length, width = words.shape
        projected = self.query_key_value(words).view(batch, length, 3, self.num_heads, width // self.num_heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # each (B, heads, L, H / heads)
        if self.is_rotary:
            query, key = rotate(query), rotate(key)
        attended = scaled_dot_product_attention(
            query, key, value, attn_mask=seen, dropout_p=self.rate if self.training else 0.0
        )
        return self.attention_output(attended.transpose(1, 2).reshape(batch, length, width))


def _check_heads(width: int, num_heads: int, positions: str) -> None:
    if width % num_heads:
        raise ModelError(
            f"encoder.num_heads is {num_heads}, which does not divide the width of the layers, {width}; choose another "
            "number of heads, or a hidden_size that it divides"
        )
    if positions == "rotary" and width // num_heads % 2:
        raise ModelError(
            f"encoder.positions: rotary needs heads of even width; {num_heads} heads of a width of {width} have "
            f"{width // num_heads}. Choose another hidden_size or num_heads, or positions: sinusoidal"
        )


def rotate(vectors: Tensor) -> Tensor:
    """Turn each pair of features by an angle that grows with the position (Su et al. 2021, eq. 34).

    Args:
        vectors: `(…, L, D)`, D even.
    """
    length, width = vectors.shape[-2:]
    waves = sinusoids(length, width, vectors.device).to(vectors.dtype)
    sine, cosine = waves[:, : width // 2], waves[:, width // 2 :]
    first, second = vectors.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


def sinusoids(length: int, width: int, device: torch.device) -> Tensor:
    """Waves of geometrically growing length: `(length, width)` float32, the sines first, then the cosines."""
    half = (width + 1) // 2
    rates = torch.exp(torch.arange(half, device=device) * (-math.log(_BASE) / half))
    angles = torch.arange(length, device=device).unsqueeze(1) * rates
    return torch.cat([angles.sin(), angles.cos()], 1)[:, :width]
