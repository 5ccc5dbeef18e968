"""Log-likelihood and log-partition of a linear chain, differentiable, with exact gradients from one forward–backward pass.

The gradient of the log-partition is the expected count of every score under the model (Lafferty, McCallum and Pereira,
2001), so that no tape over time steps is needed.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid

from adaseq.modules.decoders.log_chain import LogChain
from adaseq.modules.decoders.packing import Packing, Scores
from adaseq.modules.decoders.plan import choose_plan
from adaseq.modules.decoders.scaled_chain import ScaledChain

Chain = ScaledChain | LogChain


def log_partition(scores: Scores, packing: Packing) -> Tensor:
    """Logarithm of the sum of `exp(score)` over all tag paths of each sentence, `(B,)` in float64."""
    return _run(scores, None, packing)


def log_likelihood(scores: Scores, path: Tensor, packing: Packing) -> Tensor:
    """Log-probability of one tag path of each sentence, `(B,)` in float64.

    A path that uses a forbidden start, end or transition is admitted for its own sentence, those uses scoring 0: its
    probability is that among the allowed paths and itself. So the result is finite, at most 0, and its gradient fades as
    the model learns the path, however messy the data.

    Args:
        scores: the distribution.
        path: packed tags `(N,)`, each within `[0, K)`.
        packing: where the words lie.
    """
    return _run(scores, path, packing)


def forward_backward(scores: Scores, packing: Packing, both_ways: bool = True) -> Chain:
    """Run the recursions on packed scores with the cheapest arithmetic that is exact."""
    plan = choose_plan(scores)
    if plan is not None:
        chain = ScaledChain(scores, packing, plan, both_ways)
        if chain.is_exact:
            return chain
    return LogChain(scores, packing, both_ways)


# The recursion reads its plan off the scores and works on arrays of numpy, which torch.compile cannot follow: compiled models
# run it as it is. Unlike torch.compiler.disable this does not import the compiler until a loss is computed.
@torch._disable_dynamo
def _run(scores: Scores, path: Tensor | None, packing: Packing) -> Tensor:
    needs_gradient = torch.is_grad_enabled() and any(each.requires_grad for each in scores)
    return _ChainFunction.apply(*scores, path, packing, needs_gradient)


class _ChainFunction(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        end: Tensor,
        transitions: Tensor,
        path: Tensor | None,
        packing: Packing,
        needs_gradient: bool,
    ) -> Tensor:
        packed, best = packing.pack_scores(Scores(emissions, start, end, transitions))
        chain = forward_backward(packed, packing, needs_gradient)
        share = None
        if path is None:
            value = chain.log_partition + packing.sum(best)  # (B,) by column
        else:
            score, is_allowed = _path_score(packed, path, packing)
            value = score - chain.log_partition
            share = torch.where(is_allowed, 1.0, torch.sigmoid(-value))
            value = torch.where(is_allowed, value, logsigmoid(value))
        if needs_gradient:
            ctx.chain, ctx.packing, ctx.path, ctx.share = chain, packing, path, share
            ctx.save_for_backward(start, end, transitions)
        return value.index_select(0, packing.rank)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        start, end, transitions = ctx.saved_tensors
        packing: Packing = ctx.packing
        weights = gradients[0].index_select(0, packing.order)  # (B,) by column
        if ctx.path is not None:
            weights = -weights * ctx.share
        weights = weights.to(start.dtype).index_select(0, packing.column)  # (N,)

        counts = ctx.chain.marginals(weights).to(start.dtype)  # (N, K)
        pairs = ctx.chain.expected_transitions(weights).to(start.dtype)  # (K, K)
        if ctx.path is not None:
            num_tags = len(transitions)
            cell = torch.arange(len(counts), device=counts.device) * num_tags + ctx.path  # (N,)
            counts.view(-1).index_add_(0, cell, weights, alpha=-1)
            pair = ctx.path.index_select(0, packing.previous) * num_tags + ctx.path[packing.num_sentences :]  # (N - B,)
            pairs.view(-1).index_add_(0, pair, weights[packing.num_sentences :], alpha=-1)
        return *gradients_of_scores(counts, pairs, packing, start, end, transitions), None, None, None


def gradients_of_scores(
    counts: Tensor, pairs: Tensor, packing: Packing, start: Tensor, end: Tensor, transitions: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradients of emissions, `start`, `end` and `transitions`.

    Args:
        counts: `(N, K)` those of the packed emissions.
        pairs: `(K, K)` those of the transitions, allowed or not.
        packing: of the sentences.
        start: `(K,)` or one row for each sentence; -inf where it is not allowed.
        end: the same.
        transitions: `(K, K)`, the same.
    """
    # A first word's tag is scored by its emission and by `start` alike, so their gradients are one; so for the last.
    first = counts[: packing.num_sentences].index_select(0, packing.rank)
    last = counts.index_select(0, packing.last.index_select(0, packing.rank))
    return (
        packing.unpack(counts),
        first.masked_fill_(start.isneginf(), 0.0),
        last.masked_fill_(end.isneginf(), 0.0),
        pairs.masked_fill_(transitions.isneginf(), 0.0),
    )


def _path_score(scores: Scores, path: Tensor, packing: Packing) -> tuple[Tensor, Tensor]:
    """The score of one path of each sentence in float64, and whether it is allowed: both `(B,)` by column."""
    emissions, start, end, transitions = scores
    first, last = path[: packing.num_sentences], path.index_select(0, packing.last)
    pairs = path.index_select(0, packing.previous) * len(transitions) + path[packing.num_sentences :]  # (N - B,)
    into = torch.cat([start.gather(1, first.unsqueeze(1)).squeeze(1), transitions.take(pairs)])  # (N,)
    out = end.gather(1, last.unsqueeze(1)).squeeze(1)  # (B,)
    is_forbidden = into.isneginf()
    per_word = emissions.gather(1, path.unsqueeze(1)).squeeze(1).double() + into.masked_fill(is_forbidden, 0.0)
    violations = packing.sum(is_forbidden) + out.isneginf()
    return packing.sum(per_word) + out.masked_fill(out.isneginf(), 0.0), violations == 0
