"""BERT's layers without the modules around their operators, for when no gradients are needed.

Of the time that a backbone takes for one sentence, a sixth is spent in Python between the operators. Here a layer (Devlin et
al. 2019, section 3) is a dozen calls of operators on the weights of its modules, which stay where they are.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adaseq.utils.pretrained import attention_of

_logger = logging.getLogger(__name__)

_CHILDREN = {"embeddings", "encoder", "pooler"}
_LINEAR = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
_FEED_FORWARD = ("intermediate.dense", "output.dense")
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")
# How far the vectors of two ways to compute the same may be apart.
_TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-6}
_ROUGH_TOLERANCE = 5e-2


class BertLayers:
    """Runs a backbone that is built as BERT, RoBERTa or ELECTRA; tells of others that it cannot.

    What it computes is compared with the backbone once, on the first pieces that it gets, so that a backbone that is built
    otherwise than it looks, or a release of transformers that changes it, makes nothing worse than slower.

    Args:
        backbone: the backbone, in evaluation mode when it is run.
    """

    def __init__(self, backbone: nn.Module) -> None:
        self._backbone: Any = backbone
        self._is_right: bool | None = None

    def run(
        self, input_ids: Tensor, attention_mask: Tensor, segments: Tensor | None, all_layers: bool
    ) -> list[Tensor] | None:
        """The outputs of the layers, each `(W, S, H)`, or None if the backbone must be run as it is.

        Args:
            input_ids: `(W, S)`.
            attention_mask: `(W, S)`, not 0 at pieces.
            segments: `(W, S)`, or None where the backbone has its own idea.
            all_layers: false for that of the last one only.
        """
        backbone = self._backbone
        if backbone.training or _has_listeners(backbone) or torch.compiler.is_compiling() or torch.jit.is_tracing():
            return None
        if self._is_right is None:
            self._is_right = _is_like_bert(backbone) and self._agrees(input_ids, segments)
        return self._layers(input_ids, attention_mask, segments, all_layers) if self._is_right else None

    def _agrees(self, input_ids: Tensor, segments: Tensor | None) -> bool:
        """Whether the backbone gives the same for the beginning of the first row, alone and with the half of it hidden."""
        ids = input_ids[:1, :16].repeat(2, 1)
        kinds = {} if segments is None else {"token_type_ids": segments[:1, :16].repeat(2, 1)}
        mask = torch.ones_like(ids)
        mask[1, (ids.shape[1] + 1) // 2 :] = 0
        with torch.no_grad():
            wanted = self._backbone(input_ids=ids, attention_mask=mask, **kinds).last_hidden_state
            given = self._layers(ids, mask, kinds.get("token_type_ids"), False)[-1]
        tolerance = _TOLERANCE.get(wanted.dtype, _ROUGH_TOLERANCE)
        seen = mask.bool()
        agrees = torch.allclose(wanted[seen], given[seen], rtol=tolerance, atol=tolerance)
        if not agrees:
            _logger.debug("%s is not what it looks like; it is run as it is", type(self._backbone).__name__)
        return agrees

    def _layers(
        self, input_ids: Tensor, attention_mask: Tensor, segments: Tensor | None, all_layers: bool
    ) -> list[Tensor]:
        backbone = self._backbone
        kinds = {} if segments is None else {"token_type_ids": segments}
        hidden = backbone.embeddings(input_ids=input_ids, **kinds)
        seen = attention_mask.bool()
        mask = None if bool(seen.all()) else seen[:, None, None, :]
        outputs: list[Tensor] = []
        for layer in backbone.encoder.layer:
            hidden = _layer(layer, hidden, mask, backbone.config.num_attention_heads)
            outputs = [*outputs, hidden] if all_layers else [hidden]
        return outputs


def _layer(layer: Any, hidden: Tensor, mask: Tensor | None, num_heads: int) -> Tensor:
    hidden = _attend(layer.attention, hidden, mask, num_heads)
    inner, outer = layer.intermediate.dense, layer.output.dense
    raised = F.gelu(F.linear(hidden, inner.weight, inner.bias))  # (W, S, 4 H)
    return _norm(layer.output.LayerNorm, F.linear(raised, outer.weight, outer.bias) + hidden)


def _attend(attention: Any, hidden: Tensor, mask: Tensor | None, num_heads: int) -> Tensor:
    own, after = attention.self, attention.output
    query, key, value = (
        F.linear(hidden, each.weight, each.bias)
        .unflatten(-1, (num_heads, -1))
        .transpose(1, 2)  # (W, heads, S, H / heads)
        for each in (own.query, own.key, own.value)
    )
    context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)  # (W, S, H)
    return _norm(after.LayerNorm, F.linear(context, after.dense.weight, after.dense.bias) + hidden)


def _norm(norm: nn.LayerNorm, values: Tensor) -> Tensor:
    return F.layer_norm(values, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def _is_like_bert(backbone: nn.Module) -> bool:
    """Whether the parts of a backbone have the names and the kinds of BERT's, and nobody listens to them."""
    config: Any = getattr(backbone, "config", None)
    usual = (
        getattr(config, "hidden_act", None) == "gelu"
        and attention_of(config) == "sdpa"
        and not getattr(config, "is_decoder", False)
        and getattr(config, "position_embedding_type", "absolute") in ("absolute", None)
    )
    names = {name for name, _ in backbone.named_children()}
    if not usual or not {"embeddings", "encoder"} <= names <= _CHILDREN:
        return False
    layers = getattr(backbone.encoder, "layer", None)
    if not isinstance(layers, nn.ModuleList) or any(_has_listeners(each) for each in backbone.modules()):
        return False
    return all(
        _has(each, nn.Linear, (*_LINEAR, *_FEED_FORWARD)) and _has(each, nn.LayerNorm, _NORMS) for each in layers
    )


def _has(layer: nn.Module, kind: type[nn.Module], names: tuple[str, ...]) -> bool:
    parts = dict(layer.named_modules())
    return all(type(parts.get(name)) is kind for name in names)


def _has_listeners(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)
