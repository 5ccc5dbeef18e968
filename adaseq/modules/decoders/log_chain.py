"""Forward–backward over logarithms in float64: slower, exact for any scores."""

from __future__ import annotations

import torch
from torch import Tensor

from adaseq.modules.decoders.packing import Packing, Scores

# Elements of the largest temporary tensor of `expected_transitions`.
CHUNK_ELEMENTS = 1 << 21


class LogChain:
    """The same quantities as `ScaledChain`'s, for scores outside the range of any scaled recursion.

    Args:
        scores: packed scores.
        packing: where the words lie.
        both_ways: also run backwards; without it only `log_partition` is there.
    """

    def __init__(self, scores: Scores, packing: Packing, both_ways: bool) -> None:
        self.packing = packing
        emissions, start, end, self._transitions = (each.double() for each in scores)
        self._forward = _sweep(emissions, start, self._transitions, packing)[1]  # (N, K)
        self.log_partition = (self._forward[packing.last] + end).logsumexp(1)  # (B,) by column
        if both_ways:
            beyond, backward = _sweep(emissions[packing.mirror], end, self._transitions.t(), packing)
            self._beyond, self._backward = beyond[packing.mirror], backward[packing.mirror]  # (N, K)

    def marginals(self, weights: Tensor | None = None) -> Tensor:
        """Probability of each tag of each word, times the word's weight: `(N, K)`.

        Args:
            weights: `(N,)`; all 1 if None.
        """
        # A sentence without any possible path has no distribution; it gets zeros rather than NaN.
        marginals = (self._forward + self._beyond).softmax(1).nan_to_num_(0.0)
        return marginals if weights is None else marginals.mul_(weights.unsqueeze(1))

    def expected_transitions(self, weights: Tensor) -> Tensor:
        """Expected number of uses of each transition, `(K, K)`, each counted with the weight of its second word.

        Args:
            weights: `(N,)`.
        """
        skipped = self.packing.num_sentences
        partition = self.log_partition[self.packing.column].unsqueeze(1)  # (N, 1)
        into = (self._backward - partition.clamp_min(torch.finfo(torch.float64).min))[skipped:]
        out_of = self._forward[self.packing.previous]  # (N - B, K)
        expected = torch.zeros_like(self._transitions)
        rows = max(1, CHUNK_ELEMENTS // expected.numel())
        chunks = zip(out_of.split(rows), into.split(rows), weights.double()[skipped:].split(rows), strict=True)
        for left, right, weight in chunks:
            pairs = (left.unsqueeze(2) + self._transitions + right.unsqueeze(1)).exp_()  # (rows, K, K)
            expected += torch.einsum("n,nij->ij", weight, pairs)
        return expected

    def log_following(self, words: Tensor, previous: Tensor, tags: Tensor, previous_tags: Tensor) -> Tensor:
        """Log-probability of words' tags given the tags of the words before them and the whole sentence.

        Args:
            words: packed positions, any shape.
            previous: packed positions of the words before.
            tags: tags of the words.
            previous_tags: tags of the words before.
        """
        joint = self._transitions[previous_tags, tags] + self._backward[words, tags]
        return joint - self._beyond[previous, previous_tags]


def _sweep(emissions: Tensor, first: Tensor, transitions: Tensor, packing: Packing) -> tuple[Tensor, Tensor]:
    """Log-weights of all beginnings that end in each tag of each word, before and after the word's own emissions."""
    before, after = torch.empty_like(emissions), torch.empty_like(emissions)
    size = packing.sizes[0]
    before[:size] = first
    after[:size] = state = first + emissions[:size]
    offsets = packing.offsets
    for step in range(1, len(packing.sizes)):
        begin, end = offsets[step], offsets[step + 1]
        incoming = (state[: end - begin].unsqueeze(2) + transitions).logsumexp(1)
        before[begin:end] = incoming
        after[begin:end] = state = incoming + emissions[begin:end]
    return before, after
