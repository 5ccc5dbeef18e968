"""Forward–backward over rescaled probabilities: the fast way, for scores on which `choose_plan` finds it exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from adaseq.modules.decoders.packing import Packing, Scores, runs_in_numpy
from adaseq.modules.decoders.plan import Plan

# A verified pass (float64) must keep every state above this share of the likeliest one; products of two are then safe.
SMALLEST_SHARE = 1e-140


class ScaledChain:
    """Forward and backward probabilities of every word of a packed batch.

    Both recursions are the same one, `after = (state @ matrix) * factors`: forwards over the sentences, and over the
    sentences read from their end with the transposed matrix. So they run as one, stacked in the leading dimension. The
    scale of each word's probabilities is arbitrary; every result divides by the total at its word.

    Args:
        scores: packed scores.
        packing: where the words lie.
        plan: the arithmetic.
        both_ways: also run backwards; without it only `log_partition` is there.
    """

    def __init__(self, scores: Scores, packing: Packing, plan: Plan, both_ways: bool) -> None:
        self.packing = packing
        emissions, *groups = scores
        factors = torch.empty(2 if both_ways else 1, *emissions.shape, dtype=plan.dtype, device=emissions.device)
        factors[0].copy_(emissions).clamp_(min=plan.floor).exp_()  # (D, N, K)
        if plan.has_zeros:
            factors[0].masked_fill_(emissions.isneginf(), 0.0)
        tops = [each.amax().double() for each in groups]
        begin, finish, matrix = ((each.to(plan.dtype) - top).exp_() for each, top in zip(groups, tops, strict=True))
        self._matrix = matrix
        first, matrices = begin.unsqueeze(0), matrix.unsqueeze(0)
        if both_ways:
            torch.index_select(factors[0], 0, packing.mirror, out=factors[1])
            first, matrices = torch.stack([begin, finish]), torch.stack([matrix, matrix.t()])

        reachable = _reachable(factors, first, matrices, packing, plan) if plan.needs_check else None
        before, after, log_scale = _sweep(factors, first, matrices, packing, plan)
        self.is_exact = reachable is None or bool(((after > SMALLEST_SHARE) | ~reachable).all())
        total = (after[0].index_select(0, packing.last) * finish).sum(1).double().log() + log_scale
        top = tops[0] + tops[1] + (packing.ordered_lengths - 1) * tops[2]
        self.log_partition = total + top  # (B,) by column
        if not both_ways:
            return
        self._forward = after[0]  # (N, K) P(words up to this one, tag), up to scale
        self._backward = after[1].index_select(0, packing.mirror)  # (N, K) P(words from this one on | tag), up to scale
        self._mirrored_beyond = before[1]  # (N, K) P(words after this one | tag), in the order of the mirror
        self._joint = before[0].mul_(self._backward)  # (N, K) P(all words, tag), up to scale
        self._total = self._joint.sum(1, keepdim=True).clamp_min_(torch.finfo(plan.dtype).tiny)  # (N, 1)

    def marginals(self, weights: Tensor | None = None) -> Tensor:
        """Probability of each tag of each word, times the word's weight: `(N, K)`.

        Args:
            weights: `(N,)`; all 1 if None.
        """
        return self._joint * self._share(weights)

    def expected_transitions(self, weights: Tensor) -> Tensor:
        """Expected number of uses of each transition, `(K, K)`, each counted with the weight of its second word.

        Args:
            weights: `(N,)`.
        """
        skipped = self.packing.num_sentences
        to_word = self._backward[skipped:] * self._share(weights)[skipped:]
        from_word = self._forward.index_select(0, self.packing.previous)
        with torch.autocast(from_word.device.type, enabled=False):
            return (from_word.t() @ to_word).mul_(self._matrix)

    def _share(self, weights: Tensor | None) -> Tensor:
        return (1.0 if weights is None else weights.to(self._total.dtype).unsqueeze(1)) / self._total  # (N, 1)

    def log_following(self, words: Tensor, previous: Tensor, tags: Tensor, previous_tags: Tensor) -> Tensor:
        """Log-probability of words' tags given the tags of the words before them and the whole sentence.

        Args:
            words: packed positions, any shape.
            previous: packed positions of the words before.
            tags: tags of the words.
            previous_tags: tags of the words before.
        """
        joint = self._matrix[previous_tags, tags] * self._backward[words, tags]
        return (joint / self._mirrored_beyond[self.packing.mirror[previous], previous_tags]).log()


def _sweep(
    factors: Tensor, first: Tensor, matrices: Tensor, packing: Packing, plan: Plan, is_boolean: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the recursion; `D` is the number of directions.

    Args:
        factors: `(D, N, K)`; overwritten.
        first: `(D, B, K)`.
        matrices: `(D, K, K)`.
        packing: where the words lie.
        plan: how often to rescale.
        is_boolean: cut numbers off at 1 instead of rescaling them, so that they tell only whether they are positive.

    Returns:
        The state of each word before and after its own factor, `(D, N, K)`, the latter in the memory of `factors`, and
        the logarithm of what the first direction was divided by in all, `(B,)`.
    """
    before_all = torch.empty_like(factors)
    library: Any = torch
    before: Any = before_all
    after: Any = factors
    matrix: Any = matrices
    size = packing.sizes[0]
    before[:, :size] = first
    if runs_in_numpy(factors.device):
        library, before, after, matrix = np, before.numpy(), after.numpy(), matrix.numpy()
    offsets = packing.offsets
    state = after[:, :size]
    library.multiply(before[:, :size], state, out=state)
    scales: list[Any] = []
    for step in range(1, len(packing.sizes)):
        begin, end = offsets[step], offsets[step + 1]
        incoming = before[:, begin:end]
        library.matmul(state[:, : end - begin], matrix, out=incoming)
        state = after[:, begin:end]
        library.multiply(incoming, state, out=state)
        if step % plan.interval:
            continue
        if is_boolean:
            library.clip(state, None, 1.0, out=state)
        else:
            scale = library.amax(state, axis=2, keepdims=True)
            if plan.has_zeros:
                scale += scale == 0
            state /= scale
            scales.append(scale[0, :, 0])
    log_scale = torch.zeros(size, dtype=torch.float64, device=factors.device)
    for scale in scales:
        log_scale[: len(scale)] += torch.as_tensor(scale).double().log()
    return before_all, factors, log_scale


def _reachable(factors: Tensor, first: Tensor, matrices: Tensor, packing: Packing, plan: Plan) -> Tensor:
    """Which states some path reaches, `(D, N, K)`: the recursion over zeros and ones."""
    exists, begins, moves = (each.gt(0).to(plan.dtype) for each in (factors, first, matrices))
    return _sweep(exists, begins, moves, packing, plan, is_boolean=True)[1] > 0
