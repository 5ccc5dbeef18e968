"""NEZHA: BERT with functional relative positions in its attention (Wei et al. 2019, 'NEZHA: Neural contextualized
representation for Chinese language understanding').

The names of the weights are those of published checkpoints. transformers no longer has this network.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from adaseq.errors import ModelError

_ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "gelu": nn.functional.gelu,
    "gelu_new": functools.partial(nn.functional.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": functools.partial(nn.functional.gelu, approximate="tanh"),
    "relu": nn.functional.relu,
    "silu": nn.functional.silu,
}


@dataclass
class NezhaConfig:
    """The keys of a NEZHA folder's `config.json` that the network depends on."""

    vocab_size: int = 21128
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_relative_position: int = 64
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int = 0
    model_type: str = "nezha"

    def __post_init__(self) -> None:
        if self.hidden_act not in _ACTIVATIONS:
            raise ModelError(f"NEZHA: there is no activation '{self.hidden_act}'; known: {', '.join(_ACTIVATIONS)}")
        if self.hidden_size % (2 * self.num_attention_heads):
            raise ModelError(
                f"NEZHA: hidden_size {self.hidden_size} does not give {self.num_attention_heads} heads of even width"
            )

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> NezhaConfig:
        """From what is in the file; other keys are left out."""
        known = {each.name for each in fields(cls)} - {"model_type"}
        return cls(**{key: value for key, value in raw.items() if key in known and value is not None})

    def to_dict(self) -> dict[str, Any]:
        """What goes into the file."""
        return {"architectures": ["NezhaModel"], **vars(self)}

    def save_pretrained(self, folder: Path) -> None:
        """Write `config.json`."""
        (folder / "config.json").write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")


class NezhaOutput(NamedTuple):
    """What the network gives.

    Attributes:
        last_hidden_state: `(B, S, H)`.
        hidden_states: the output of the embeddings and of each layer, if asked for.
    """

    last_hidden_state: Tensor
    hidden_states: tuple[Tensor, ...] | None


class NezhaModel(nn.Module):
    """The encoder.

    Args:
        config: its sizes.
    """

    def __init__(self, config: NezhaConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.embeddings = _Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))})
        self.apply(self._initialise)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        output_hidden_states: bool = False,
        token_type_ids: Tensor | None = None,
    ) -> NezhaOutput:
        """Encode pieces.

        Args:
            input_ids: `(B, S)`.
            attention_mask: `(B, S)`, 0 for padding.
            output_hidden_states: also return what comes out of each layer.
            token_type_ids: `(B, S)` the segment of each piece; all are of the first one by default.
        """
        hidden = self.embeddings(input_ids, token_type_ids)
        bias = (1.0 - attention_mask[:, None, None, :].to(hidden.dtype)) * torch.finfo(hidden.dtype).min
        states = [hidden]
        layers: Any = self.encoder["layer"]
        for layer in layers:
            if self.gradient_checkpointing and self.training:
                hidden = checkpoint(layer, hidden, bias, use_reentrant=False)
            else:
                hidden = layer(hidden, bias)
            states.append(hidden)
        return NezhaOutput(hidden, tuple(states) if output_hidden_states else None)

    def activation_checkpointing_enable(self, activation_checkpointing_kwargs: Any = None) -> None:
        """Recompute activations in the backward pass; the argument is that of transformers' models."""
        self.gradient_checkpointing = True

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=self.config.initializer_range)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


class _Embeddings(nn.Module):
    def __init__(self, config: NezhaConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size, padding_idx=config.pad_token_id)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor | None) -> Tensor:
        """Pieces; of the first segment, if nothing else is said."""
        table = self.token_type_embeddings
        segments = table.weight[0] if token_type_ids is None else table(token_type_ids)
        summed = self.word_embeddings(input_ids) + segments
        return self.dropout(self.LayerNorm(summed))


class _SelfAttention(nn.Module):
    """Attention in which keys and values also depend on the distance, clipped, through fixed waves (eqs. 1–3)."""

    waves: Tensor

    def __init__(self, config: NezhaConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.furthest = config.max_relative_position
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)
        self.register_buffer("waves", relative_waves(self.furthest, width // self.num_heads), persistent=False)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        """From `(B, S, H)` to the same shape; `bias` is added to the scores."""
        batch, length, width = hidden.shape
        query, key, value = (
            layer(hidden).view(batch, length, self.num_heads, -1).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )  # each (B, heads, S, D)
        places = torch.arange(length, device=hidden.device)
        distance = (places - places.unsqueeze(1)).clamp(-self.furthest, self.furthest) + self.furthest  # (S, S)
        distance = distance.expand(batch, self.num_heads, length, length)
        waves = self.waves.to(query.dtype)
        by_distance = query @ waves.T  # (B, heads, S, distances)
        scores = query @ key.transpose(2, 3) + by_distance.gather(3, distance)
        shares = self.dropout((scores / math.sqrt(query.shape[-1]) + bias).softmax(-1))
        # What goes to each distance is added up, so that no (S, S, D) tensor is needed.
        at_distance = torch.zeros_like(by_distance, dtype=shares.dtype).scatter_add(3, distance, shares)
        context = shares.to(value.dtype) @ value + at_distance.to(value.dtype) @ waves
        return context.transpose(1, 2).reshape(batch, length, width)


class _Output(nn.Module):
    def __init__(self, config: NezhaConfig, input_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(input_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, values: Tensor, residual: Tensor) -> Tensor:
        """Project, add, normalise."""
        return self.LayerNorm(self.dropout(self.dense(values)) + residual)


class _Layer(nn.Module):
    def __init__(self, config: NezhaConfig) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"self": _SelfAttention(config), "output": _Output(config, config.hidden_size)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(config.hidden_size, config.intermediate_size)})
        self.output = _Output(config, config.intermediate_size)
        self.activation: Callable[[Tensor], Tensor] = _ACTIVATIONS[config.hidden_act]

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        """One layer."""
        attended = self.attention["output"](self.attention["self"](hidden, bias), hidden)
        return self.output(self.activation(self.intermediate["dense"](attended)), attended)


def relative_waves(furthest: int, width: int) -> Tensor:
    """The fixed vectors of the distances -furthest to furthest, `(2 * furthest + 1, width)`: sine and cosine in turn."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = torch.arange(2 * furthest + 1).unsqueeze(1) * rates
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)
