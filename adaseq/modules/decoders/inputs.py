"""Checks of what decoders are given, and one layout for all of it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from adaseq.modules.decoders.packing import Packing


def read_emissions(emissions: Tensor, num_tags: int, batch_first: bool) -> Tensor:
    """Emissions as `(B, L, K)` in at least float32.

    Raises:
        ValueError: they are not three-dimensional, empty, not of `num_tags` tags, or not floating-point.
    """
    layout = "(B, L, K)" if batch_first else "(L, B, K)"
    shape = tuple(emissions.shape)
    if len(shape) != 3 or shape[2] != num_tags:
        raise ValueError(f"emissions must be {layout} with K = {num_tags}, got {shape}")
    if 0 in shape:
        raise ValueError(f"emissions {layout} must hold at least one sentence of at least one word, got {shape}")
    if not emissions.is_floating_point():
        raise ValueError(f"emissions must be floating-point, got {emissions.dtype}")
    if emissions.device.type == "mps":
        # The recursions may need float64, which Metal does not have.
        emissions = emissions.cpu()
    emissions = emissions.to(torch.promote_types(emissions.dtype, torch.float32))
    return emissions if batch_first else emissions.transpose(0, 1)


def read_companion(name: str, tensor: Tensor, emissions: Tensor, batch_first: bool, with_tags: bool = False) -> Tensor:
    """A tensor of the same words (and tags, if `with_tags`) as `(B, L)` or `(B, L, K)`.

    Raises:
        ValueError: its shape is another one.
    """
    expected = tuple(emissions.shape if with_tags else emissions.shape[:2])
    if not batch_first:
        expected = (expected[1], expected[0], *expected[2:])
    if tuple(tensor.shape) != expected:
        raise ValueError(f"{name} must match the emissions: expected {expected}, got {tuple(tensor.shape)}")
    tensor = tensor.to(emissions.device)
    return tensor if batch_first else tensor.transpose(0, 1)


def read_lengths(mask: Tensor | None, emissions: Tensor, batch_first: bool) -> list[int]:
    """The number of words of each sentence.

    Raises:
        ValueError: the mask has another shape, or is not True exactly at the first words, at least one, of each row.
    """
    if mask is None:
        return [emissions.shape[1]] * emissions.shape[0]
    shape = tuple(mask.shape)
    is_word = read_companion("mask", mask, emissions, batch_first).bool().cpu().numpy()
    lengths: list[int] = is_word.sum(1).tolist()
    gaps = np.any(is_word[:, 1:] > is_word[:, :-1], axis=1).tolist()
    if any(gaps) or not all(lengths):
        row = next(row for row, gap in enumerate(gaps) if gap or not lengths[row])
        raise ValueError(
            f"mask {shape}: sentence {row} has {'a word after padding' if gaps[row] else 'no word'}; every sentence "
            "must be True at its first words, at least one, and False after them"
        )
    return lengths


def read_path(tags: Tensor, packing: Packing, num_tags: int, lowest: int = 0) -> Tensor:
    """Tags `(B, L)` packed to `(N,)`.

    Raises:
        ValueError: a word's tag is not within `[lowest, num_tags)`.
    """
    path = packing.pack(tags).long()
    least, most = torch.stack(torch.aminmax(path)).tolist()
    if least < lowest or most >= num_tags:
        bad = int(((path < lowest) | (path >= num_tags)).nonzero()[0])
        sentence, word = divmod(int(packing.index[bad]), packing.width)
        raise ValueError(
            f"tags must be within [{lowest}, {num_tags}), got {int(path[bad])} at word {word} of sentence {sentence}"
        )
    return path


def check_allowed(allowed: Tensor, packing: Packing) -> None:
    """Check that every word may take some tag.

    Raises:
        ValueError: a word may not.
    """
    is_empty = ~packing.pack(allowed).any(1)
    if is_empty.any():
        sentence, word = divmod(int(packing.index[is_empty.nonzero()[0]]), packing.width)
        raise ValueError(f"allowed leaves no tag for word {word} of sentence {sentence}; every word needs at least one")


def mask_from_lengths(lengths: list[int], emissions: Tensor) -> Tensor:
    """`(B, L)` bool, True at the words."""
    step = torch.arange(emissions.shape[1], device=emissions.device)
    return step < torch.tensor(lengths, device=emissions.device).unsqueeze(1)
