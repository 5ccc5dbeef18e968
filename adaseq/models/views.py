"""Two views of a sentence, with and without its retrieved context, that learn from each other.

Cooperative learning (Wang et al. 2021, 'Improving named entity recognition by external context retrieving and cooperative
learning'): both views learn the annotation, and the view without context also learns what the one with context believes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor
from torch.nn.functional import kl_div

from adaseq.errors import ModelError
from adaseq.modules.decoders.base import Decoder
from adaseq.modules.decoders.crf import CRF

Divergence = Literal["kl", "crf_kl"]


def check_views(arguments: Mapping[str, Any]) -> None:
    """Refuse options of a model with several views that cannot be.

    Raises:
        ModelError: a temperature that is not positive, a share that is none, or the divergence of CRFs without a CRF.
    """
    temperature, share = arguments.get("temperature", 1.0), arguments.get("mv_interpolation", 0.5)
    if temperature <= 0:
        raise ModelError(f"model.temperature is {temperature}; it must be more than 0")
    if not 0 <= share <= 1:
        raise ModelError(f"model.mv_interpolation is {share}; it is the share of the losses of the views, from 0 to 1")
    if arguments.get("mv_loss_type") == "crf_kl" and not arguments.get("use_crf", True):
        raise ModelError("model.mv_loss_type: crf_kl compares the tag paths of a CRF: set use_crf: true, or choose kl")


def divergence(
    decoder: Decoder, view: Tensor, reference: Tensor, mask: Tensor, kind: Divergence, temperature: float
) -> Tensor:
    """How far one view is from another, averaged over sentences, times the square of the temperature.

    Args:
        decoder: scores paths, for `crf_kl`.
        view: the scores of the view that learns, `(B, T, K)`.
        reference: those of the other one, a constant.
        mask: `(B, T)` True for words.
        kind: `kl`, of the tags of each word by themselves, summed over words; or `crf_kl`, of whole tag paths.
        temperature: what scores are divided by.
    """
    if kind == "crf_kl" and isinstance(decoder, CRF):
        return decoder.divergence(view, reference, mask, "mean", temperature) * temperature**2
    return softmax_divergence(view[mask], reference[mask], temperature) / len(mask)


def softmax_divergence(view: Tensor, reference: Tensor, temperature: float) -> Tensor:
    """How far the distributions of one view are from those of the other, summed, times the square of the temperature.

    Args:
        view: the scores of the view that learns, `(N, K)`.
        reference: those of the other one, a constant.
        temperature: what scores are divided by.
    """
    wanted = (reference.detach().float() / temperature).log_softmax(-1)
    found = (view.float() / temperature).log_softmax(-1)
    return kl_div(found, wanted, reduction="sum", log_target=True) * temperature**2
