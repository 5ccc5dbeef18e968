"""The CRF that learns from partly labelled sentences."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, one_hot

from adaseq.metainfo import Decoders
from adaseq.modules.decoders.base import reduce
from adaseq.modules.decoders.crf import CRF
from adaseq.modules.decoders.inputs import check_allowed, read_companion, read_path
from adaseq.modules.decoders.likelihood import log_partition
from adaseq.modules.decoders.packing import Packing
from adaseq.registry import DECODERS

ANY_TAG = -1


@DECODERS.register(Decoders.PARTIAL_CRF)
class PartialCRF(CRF):
    """A CRF whose likelihood is that of all paths which agree with a partial labelling (Tsuboi et al., 2008).

    Words may carry one tag, any tag, or one of a set. Decoding and probabilities are those of `CRF`. With constraints,
    only legal paths count; for a sentence in which no legal path agrees with its labels the constraints are lifted from
    the labels' side, as `CRF` does for an illegal gold path.
    """

    def forward(
        self,
        emissions: Tensor,
        tags: Tensor | None,
        mask: Tensor | None = None,
        reduction: str = "sum",
        allowed: Tensor | None = None,
    ) -> Tensor:
        """The log-likelihood of the partial labelling; its negative is the loss.

        Args:
            emissions: scores of every tag at every word, `(L, B, K)`.
            tags: `(L, B)` long, -1 for any tag; or None with `allowed`.
            mask: `(L, B)` bool, True at words; all True if None.
            reduction: as of `CRF`.
            allowed: `(L, B, K)` bool, the tags that each word may have, instead of `tags`.

        Returns:
            `(B,)` for `none`, else a scalar.

        Raises:
            ValueError: shapes that do not match, a sentence without words, an unknown tag or reduction, a word without
                an allowed tag, or not exactly one of `tags` and `allowed`.
        """
        home = emissions.device
        emissions, packing, _ = self._read(emissions, mask)
        agreeing = emissions.masked_fill(~self._read_labels(emissions, packing, tags, allowed), -torch.inf)
        scores = self._scores(emissions, packing)
        total = log_partition(scores, packing)
        agreed = log_partition(scores._replace(emissions=agreeing), packing)
        is_illegal = agreed.isneginf()
        if self.constraints is None or not is_illegal.any():
            values = agreed - total
        else:
            lifted = log_partition(self._scores(agreeing, packing, is_free=True), packing)
            values = torch.where(is_illegal, lifted, agreed) - total
            values = torch.where(is_illegal, logsigmoid(values), values)
        return reduce(values, sum(packing.lengths), reduction).to(emissions.dtype).to(home)

    def _read_labels(self, emissions: Tensor, packing: Packing, tags: Tensor | None, allowed: Tensor | None) -> Tensor:
        """The tags that each word may have, `(B, L, K)` bool."""
        if tags is not None and allowed is None:
            tags = read_companion("tags", tags, emissions, self.batch_first)
            path = read_path(tags, packing, self.num_tags, lowest=ANY_TAG)
            is_any = path == ANY_TAG
            is_tag = one_hot(path.masked_fill(is_any, 0), self.num_tags).bool()  # (N, K)
            return packing.unpack(is_tag | is_any.unsqueeze(1))
        if allowed is not None and tags is None:
            allowed = read_companion("allowed", allowed, emissions, self.batch_first, with_tags=True).bool()
            check_allowed(allowed, packing)
            return allowed
        raise ValueError(f"give either tags or allowed, got {'neither' if tags is None else 'both'}")
