"""Dropout that is quick on a CPU, where PyTorch draws a number of 64 bits for each feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adaseq.utils.pretrained import attend_with, usual_attention

# A feature is dropped if a number of so many bits says so: 64 of them are drawn at a time.
_BITS = 16


class QuickDropout(nn.Dropout):
    """What `nn.Dropout` does, in a quarter of its time on a CPU. Rates are rounded to multiples of 2^-16."""

    def forward(self, values: Tensor) -> Tensor:
        """Drop features of values of any shape."""
        return _drop(values, self.p) if self.training and values.device.type == "cpu" else super().forward(values)


def quicken_dropout(module: nn.Module) -> None:
    """Let a network drop quickly, wherever it has an `nn.Dropout` and where its backbones attend.

    Args:
        module: the network; its weights and their names stay as they are.
    """
    for parent in module.modules():
        attend_with(parent, "adaseq-quick-dropout", _attend, like="sdpa")
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, QuickDropout(child.p).train(child.training))


def _drop(values: Tensor, rate: float) -> Tensor:
    dropped = round(rate * 2**_BITS)
    if not 0 < dropped < 2**_BITS:
        return nn.functional.dropout(values, rate)
    drawn = torch.empty(-(-values.numel() * _BITS // 64), dtype=torch.int64).random_(-(2**63), None)
    kept = drawn.view(torch.int16)[: values.numel()] >= dropped - 2 ** (_BITS - 1)
    return values * kept.view(values.shape).to(values.dtype).div_(1 - dropped / 2**_BITS)


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **more: Any,
) -> tuple[Tensor, None]:
    """The usual attention, from `(B, H, S, D)` to `(B, S, H, D)`, with quick dropout."""
    dropout, scaling = more.get("dropout", 0.0), more.get("scaling")
    if not dropout or query.device.type != "cpu" or not _is_plain(module, query, key, value, attention_mask, more):
        return usual_attention(module, query, key, value, attention_mask, **more)
    with torch.autocast("cpu", enabled=False):  # what is drawn and multiplied stays as short as what came in
        scores = (query * (query.shape[-1] ** -0.5 if scaling is None else scaling)) @ key.transpose(2, 3)
        if attention_mask is not None:
            scores = scores + torch.zeros_like(attention_mask, dtype=scores.dtype).masked_fill_(
                ~attention_mask, torch.finfo(scores.dtype).min
            )
        return (_drop(scores.softmax(-1), dropout) @ value).transpose(1, 2).contiguous(), None


def _is_plain(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, more: Mapping[str, Any]
) -> bool:
    """Whether attention is what Vaswani et al. 2017 say, section 3.2.1, and all that must not be seen is told by the mask."""
    is_causal = more.get("is_causal", getattr(module, "is_causal", True))
    is_told = mask.dtype == torch.bool if mask is not None else is_causal is False
    are_alike = query.shape[1] == key.shape[1] and query.dtype == key.dtype == value.dtype
    return is_told and are_alike and more.get("position_bias") is None
