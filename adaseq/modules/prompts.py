"""Prompts: a type behind a text, `text [SEP] type [SEP]`, asks for the mentions of that type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_PADDING = -1


def prompt_table(pieces: Sequence[Sequence[int]]) -> Tensor:
    """The pieces of several prompts, `(K, P)`, filled up with -1.

    Args:
        pieces: those of each.
    """
    table = torch.full((len(pieces), max(map(len, pieces), default=0)), _PADDING, dtype=torch.long)
    for row, each in zip(table, pieces, strict=True):
        row[: len(each)] = torch.tensor(each, dtype=torch.long)
    return table


def with_prompts(tokens: dict[str, Any], prompts: Tensor) -> dict[str, Any]:
    """The tokens of a batch with a prompt behind each text; the words are the same, and so are their places.

    Args:
        tokens: what a collator makes of W windows.
        prompts: `(W, P)` or `(1, P)` the pieces of each prompt, filled up with -1.
    """
    pieces, attention = tokens["input_ids"], tokens["attention_mask"]
    windows, width = pieces.shape
    prompts = prompts.expand(windows, -1)
    places = attention.sum(1, keepdim=True) + torch.arange(prompts.shape[1], device=pieces.device)  # (W, P)
    is_piece = prompts != _PADDING
    # What fills up a short prompt is written behind the last column.
    places = places.masked_fill(~is_piece, width + prompts.shape[1])
    wide = (windows, width + prompts.shape[1] + 1)
    ids, mask, segments = (pieces.new_zeros(wide) for _ in range(3))
    ids[:, :width], mask[:, :width] = pieces, attention.long()
    if "token_type_ids" in tokens:
        segments[:, :width] = tokens["token_type_ids"]
    ids.scatter_(1, places, prompts.clamp(min=0))
    mask.scatter_(1, places, 1)
    segments.scatter_(1, places, 1)
    return {
        **tokens,
        "input_ids": ids[:, :-1],
        "attention_mask": mask[:, :-1].bool(),
        "token_type_ids": segments[:, :-1],
    }
