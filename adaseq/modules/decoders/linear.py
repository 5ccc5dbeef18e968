"""The decoder that takes each word on its own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from adaseq.metainfo import Decoders
from adaseq.modules.decoders.base import Decoder, Path, RankedPaths, reduce
from adaseq.modules.decoders.inputs import mask_from_lengths, read_companion, read_path
from adaseq.modules.decoders.packing import Packing, Scores
from adaseq.modules.decoders.posterior import IndependentPosterior
from adaseq.modules.decoders.viterbi import n_best_paths
from adaseq.registry import DECODERS

UNLABELLED = -100


@DECODERS.register(Decoders.LINEAR)
class LinearDecoder(Decoder):
    """A softmax over the tags of each word: emissions in, no parameters. The scores of paths are log-probabilities."""

    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None, reduction: str = "sum") -> Tensor:
        """The log-likelihood of the tags, as of `Decoder`; words tagged -100 do not count, in `token_mean` neither."""
        home = emissions.device
        emissions, packing, _ = self._read(emissions, mask)
        tags = read_companion("tags", tags, emissions, self.batch_first)
        is_word = mask_from_lengths(packing.lengths, emissions)
        is_labelled = is_word & (tags != UNLABELLED)
        read_path(tags.masked_fill(~is_labelled, 0), packing, self.num_tags)
        # Where there is no word the content, which may be NaN, is replaced, so that it reaches no gradient.
        emissions = torch.where(is_word.unsqueeze(2), emissions, 0.0)
        losses = cross_entropy(
            emissions.transpose(1, 2),
            tags.masked_fill(~is_labelled, UNLABELLED),
            ignore_index=UNLABELLED,
            reduction="none",
        )  # (B, L)
        return reduce(-losses.sum(1), is_labelled.sum().clamp_min(1), reduction).to(home)

    def _posterior(self, emissions: Tensor, packing: Packing) -> IndependentPosterior:
        return IndependentPosterior(emissions, packing.lengths)

    def _best_paths(self, emissions: Tensor, packing: Packing) -> tuple[list[Path], list[bool]]:
        rows = zip(emissions.argmax(2).tolist(), packing.lengths, strict=True)
        return [row[:length] for row, length in rows], [True] * packing.num_sentences

    def _n_best_paths(self, emissions: Tensor, packing: Packing, count: int) -> list[RankedPaths]:
        flat = emissions.new_zeros(1)
        shape = emissions.shape[0], self.num_tags
        transitions = flat.expand(self.num_tags, self.num_tags)
        scores = Scores(emissions.log_softmax(2), flat.expand(shape), flat.expand(shape), transitions)
        return n_best_paths(scores, packing, count)
