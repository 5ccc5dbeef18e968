"""How far one linear chain is from another over the same words: the Kullback–Leibler divergence of their tag paths, exact.

For a constant distribution q and a chain p with the same start, end and transition scores, all sums over paths fall apart
into expectations of single words and pairs of neighbours (Wang et al. 2021, 'Improving named entity recognition by external
context retrieving and cooperative learning', approximate them by the marginals of words):

    KL(q ‖ p) = sum over words and tags of q(tag) (emission_q - emission_p) - log Z_q + log Z_p

and the gradient for every score of p is its expected count under p less that under q. Both chains run as one batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from adaseq.modules.decoders.likelihood import forward_backward, gradients_of_scores
from adaseq.modules.decoders.packing import Packing, Scores


@torch._disable_dynamo  # as the likelihood
def chain_divergence(scores: Scores, reference: Tensor, packing: Packing) -> Tensor:
    """`KL(q ‖ p)` of each sentence, `(B,)` in float64, at least 0. Gradients flow into p only.

    Args:
        scores: those of p; emissions `(B, L, K)`.
        reference: the emissions of q, `(B, L, K)`; its other scores are those of p, taken as constants.
        packing: where the words lie.
    """
    needs_gradient = torch.is_grad_enabled() and any(each.requires_grad for each in scores)
    return _DivergenceFunction.apply(*scores, reference.detach(), packing, needs_gradient)


class _DivergenceFunction(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        end: Tensor,
        transitions: Tensor,
        reference: Tensor,
        packing: Packing,
        needs_gradient: bool,
    ) -> Tensor:
        # Each sentence of q stands right before that of p. They are equally long, so packing, which sorts by length and is
        # stable, keeps them side by side: words of q have the even positions, those of p the odd ones.
        shape = emissions.shape
        both = Packing([length for length in packing.lengths for _ in range(2)], packing.width, emissions.device)
        pairs = torch.stack([reference, emissions], dim=1).view(2 * shape[0], *shape[1:])
        starts, ends = start.repeat_interleave(2, 0), end.repeat_interleave(2, 0)
        packed, _ = both.pack_scores(Scores(pairs, starts, ends, transitions))
        chain = forward_backward(packed, both)
        in_q, in_p = chain.marginals().view(-1, 2, shape[2]).unbind(1)  # (N, K)
        score_q, score_p = packed.emissions.view(-1, 2, shape[2]).unbind(1)

        # The best scores of words, which packing takes off, cancel out.
        per_word = (in_q * (score_q - score_p)).sum(1).double()
        value = torch.zeros(shape[0], dtype=torch.float64, device=emissions.device)
        value.index_add_(0, packing.column, per_word)
        partition = chain.log_partition.view(-1, 2)
        value += partition[:, 1] - partition[:, 0]
        if needs_gradient:
            ctx.chain, ctx.packing, ctx.both, ctx.excess = chain, packing, both, in_p - in_q
            ctx.save_for_backward(start, end, transitions)
        return value.clamp_min_(0.0).index_select(0, packing.rank)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        start, end, transitions = ctx.saved_tensors
        packing: Packing = ctx.packing
        weights = gradients[0].index_select(0, packing.order).to(start.dtype)  # (B,) by column
        counts = (ctx.excess * weights.index_select(0, packing.column).unsqueeze(1)).to(start.dtype)  # (N, K)
        signed = torch.stack([-weights, weights], dim=1).view(-1)  # (2 B,) by column
        pairs = ctx.chain.expected_transitions(signed.index_select(0, ctx.both.column)).to(start.dtype)
        return *gradients_of_scores(counts, pairs, packing, start, end, transitions), None, None, None
