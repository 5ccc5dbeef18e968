"""The CRF that must have constraints."""

from __future__ import annotations

from adaseq.metainfo import Decoders
from adaseq.modules.decoders.crf import CRF, FlagMatrix, Flags
from adaseq.registry import DECODERS


@DECODERS.register(Decoders.CONSTRAINED_CRF)
class ConstrainedCRF(CRF):
    """A CRF over the legal paths of a tag scheme; see `CRF`, of which the constraints are an option.

    The arguments that are not listed are those of `CRF`.

    Args:
        allowed_start: whether a path may begin with each tag, `(K,)`.
        allowed_end: whether a path may end with each tag, `(K,)`.
        allowed_transitions: whether tag j may follow tag i, `(K, K)`.
    """

    def __init__(
        self,
        num_tags: int,
        allowed_start: Flags,
        allowed_end: Flags,
        allowed_transitions: FlagMatrix,
        batch_first: bool = False,
    ) -> None:
        super().__init__(num_tags, batch_first, (allowed_start, allowed_end, allowed_transitions))
