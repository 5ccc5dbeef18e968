"""The best tag paths of a linear chain (Viterbi, 1967) and the n best."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from adaseq.modules.decoders.packing import Packing, Scores, runs_in_numpy

# Steps between two subtractions of the best score so far, which keep float32 precise over long sentences.
SHIFT_INTERVAL = 16
# PyTorch shares out an operation among its threads from this many elements on. Waking them at every step saves little, and
# costs many times that while the threads of a backward pass or of another program are awake, so the work is cut into pieces.
GRAIN = 32768


@torch.no_grad()
def best_paths(scores: Scores, packing: Packing) -> tuple[list[list[int]], list[bool]]:
    """The best path of each sentence, and whether any path is possible at all (else the one returned means nothing)."""
    (emissions, start, end, transitions), _ = packing.pack_scores(scores)
    sizes, offsets, num_tags = packing.sizes, packing.offsets, len(transitions)
    scores_all = torch.empty_like(emissions)  # (N, K) score of the best beginning that ends in each tag
    torch.add(start, emissions[: sizes[0]], out=scores_all[: sizes[0]])
    library: Any = torch
    maximum: Any = torch.amax
    best: Any = scores_all
    emission: Any = emissions
    sums_view: Any = None
    rows = num_tags
    if runs_in_numpy(emissions.device):
        library, maximum, best, emission = np, np.maximum.reduce, scores_all.numpy(), emissions.numpy()
        rows = math.ceil(num_tags / math.ceil(num_tags * sizes[0] * num_tags / GRAIN))
    # The tag left comes first, so that the maximum over it runs over contiguous memory. The sum is PyTorch's in any case:
    # it is faster at broadcasting.
    parts = scores_all.t().unsqueeze(2).split(rows)
    lefts = list(zip(*(part.split(sizes, 1) for part in parts), strict=True))  # (rows, size, 1) of every step and part
    rights = transitions.unsqueeze(1).split(rows)  # (rows, 1, K)
    sums: tuple[torch.Tensor, ...] = ()
    for step in range(1, len(sizes)):
        size, place = sizes[step], slice(offsets[step], offsets[step + 1])
        left_parts = lefts[step - 1]
        if size != sizes[step - 1]:
            left_parts = tuple(left[:, :size] for left in left_parts)
        if size != sizes[step - 1] or not sums:
            whole = emissions.new_empty(num_tags, size, num_tags)
            sums_view, sums = library.asarray(whole), whole.split(rows)
        for left, right, out in zip(left_parts, rights, sums, strict=True):
            torch.add(left, right, out=out)
        now = best[place]
        maximum(sums_view, 0, out=now)
        library.add(now, emission[place], out=now)
        if step % SHIFT_INTERVAL == 0:
            top = scores_all[place].amax(1, keepdim=True)
            scores_all[place] -= top.clamp_min_(torch.finfo(top.dtype).min)
    final = scores_all.index_select(0, packing.last) + end  # (B, K)
    is_possible = final.amax(1).index_select(0, packing.rank).isneginf().logical_not_().tolist()
    tags = _trace_back(scores_all.cpu().numpy(), final.cpu().numpy(), transitions.cpu().numpy(), packing).T
    return [tags[column, :length].tolist() for column, length in _columns(packing)], is_possible


def _trace_back(best: np.ndarray, final: np.ndarray, transitions: np.ndarray, packing: Packing) -> np.ndarray:
    """Follow the best paths from their ends: the choices are made again from the scores, for one tag a word only."""
    into = np.ascontiguousarray(transitions.T)  # (K, K) [to, from]
    tags = np.empty((len(packing.sizes), packing.num_sentences), dtype=np.int64)
    tags[:] = final.argmax(1)  # right for the last word of each sentence, overwritten at all others
    candidates = np.empty_like(final)
    for step in range(len(packing.sizes) - 1, 0, -1):
        size, begin = packing.sizes[step], packing.offsets[step - 1]
        pairs = into.take(tags[step, :size], 0, candidates[:size], "clip")
        pairs += best[begin : begin + size]
        pairs.argmax(1, tags[step - 1, :size])
    return tags


@torch.no_grad()
def n_best_paths(scores: Scores, packing: Packing, count: int) -> list[list[tuple[list[int], float]]]:
    """The `count` best paths of each sentence with their scores, best first; fewer where there are fewer."""
    (emissions, start, end, transitions), offset = packing.pack_scores(scores)
    num_tags = len(transitions)
    sizes, offsets = packing.sizes, packing.offsets
    # (B, n, K): scores of the n best beginnings that end in each tag
    best = emissions.new_full((sizes[0], count, num_tags), -torch.inf)
    best[:, 0] = start + emissions[: sizes[0]]
    # What was chosen at each word: rank * K + tag of the word before, (N, n, K)
    choices = torch.zeros(len(emissions), count, num_tags, dtype=torch.int64, device=emissions.device)
    finals = torch.empty_like(best)
    for step in range(1, len(sizes)):
        size, place = sizes[step], slice(offsets[step], offsets[step + 1])
        finals[size : sizes[step - 1]] = best[size:]
        pairs = best[:size].unsqueeze(3) + transitions  # (size, n, K, K)
        best, choices[place] = pairs.flatten(1, 2).topk(count, dim=1)
        best = best + emissions[place].unsqueeze(1)
    finals[: sizes[-1]] = best
    finals += end.unsqueeze(1)
    totals, chosen = finals.flatten(1).topk(count, dim=1)  # (B, n)
    totals = (totals.double() + packing.sum(offset).unsqueeze(1)).cpu()
    tags = _trace_back_ranked(choices.flatten(1).cpu().numpy(), chosen.cpu().numpy(), num_tags, packing)
    return [
        [
            (path[:length].tolist(), total)
            for path, total in zip(tags[column], totals[column].tolist(), strict=True)
            if total > -np.inf
        ]
        for column, length in _columns(packing)
    ]


def _trace_back_ranked(choices: np.ndarray, chosen: np.ndarray, num_tags: int, packing: Packing) -> np.ndarray:
    steps = len(packing.sizes)
    tags = np.zeros((*chosen.shape, steps), dtype=np.int64)  # (B, n, steps)
    for step in range(steps - 1, -1, -1):
        size = packing.sizes[step]
        tags[:size, :, step] = chosen[:size] % num_tags
        if step:
            chosen[:size] = np.take_along_axis(
                choices[packing.offsets[step] : packing.offsets[step + 1]], chosen[:size], 1
            )
    return tags


def _columns(packing: Packing) -> list[tuple[int, int]]:
    return list(zip(packing.rank.tolist(), packing.lengths, strict=True))
