"""Decoders: from scores of every tag at every word to tag paths, losses and probabilities."""

from adaseq.modules.decoders.base import Decoder
from adaseq.modules.decoders.constrained_crf import ConstrainedCRF
from adaseq.modules.decoders.crf import CRF
from adaseq.modules.decoders.linear import LinearDecoder
from adaseq.modules.decoders.partial_crf import PartialCRF
from adaseq.modules.decoders.posterior import Posterior

__all__ = ["CRF", "ConstrainedCRF", "Decoder", "LinearDecoder", "PartialCRF", "Posterior"]
