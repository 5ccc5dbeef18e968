"""Backbones that get pieces which their vocabulary has not, and what backbones know of segments."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from adaseq.modules.backbones import piece_embeddings

_SEED = 0


def extend_vocabulary(backbone: nn.Module, num_pieces: int) -> None:
    """Give a backbone rows for more pieces, in place; it is left alone if it has enough.

    A new row is drawn around the mean of the others, with their spread. It is the same whenever the backbone is, so that the
    rows need not be saved where the backbone is frozen.

    Args:
        backbone: the backbone.
        num_pieces: the size of the vocabulary.

    Raises:
        ModelError: its piece embeddings cannot be found.
    """
    old = piece_embeddings(backbone)
    if num_pieces <= old.num_embeddings:
        return
    known = old.weight.detach().float().cpu()
    random = torch.Generator().manual_seed(_SEED)
    count = num_pieces - old.num_embeddings
    added = known.mean(0) + known.std(0) * torch.randn(count, known.shape[1], generator=random)
    new = nn.Embedding(num_pieces, old.embedding_dim, old.padding_idx, device=old.weight.device, dtype=old.weight.dtype)
    with torch.no_grad():
        new.weight[: old.num_embeddings] = old.weight
        new.weight[old.num_embeddings :] = added.to(new.weight)
    new.weight.requires_grad_(old.weight.requires_grad)
    name = next(name for name, module in backbone.named_modules() if module is old)
    parent, _, attribute = name.rpartition(".")
    setattr(backbone.get_submodule(parent), attribute, new)
    config: Any = getattr(backbone, "config", None)
    if config is not None:
        config.vocab_size = num_pieces


def knows_segments(backbone: nn.Module) -> bool:
    """Whether a backbone tells the first text of a pair from the second by ids of their segments."""
    if getattr(getattr(backbone, "config", None), "type_vocab_size", 2) < 2:
        return False
    return "token_type_ids" in inspect.signature(backbone.forward).parameters


def name_pieces(backbone: nn.Module, first: int, names: Sequence[Sequence[int]]) -> None:
    """Give pieces that were added the mean of those of their names, in place.

    Args:
        backbone: the backbone.
        first: the first of the pieces that were added.
        names: for each of them the pieces of its name.
    """
    table = piece_embeddings(backbone)
    with torch.no_grad():
        rows = [table.weight[list(each)].mean(0) for each in names]
        if rows:
            table.weight[first : first + len(rows)] = torch.stack(rows)
