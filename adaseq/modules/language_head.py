"""The head of a masked language model: from piece vectors to scores of all pieces."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear

from adaseq.modules.backbones import piece_embeddings
from adaseq.utils.pretrained import read_weights

logger = logging.getLogger(__name__)


class HeadNames(NamedTuple):
    """What a family of backbones calls the parts of its head."""

    dense: str
    norm: str
    bias: str


_FAMILIES = (
    HeadNames("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
    HeadNames("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
    HeadNames("vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),
    HeadNames("predictions.dense", "predictions.LayerNorm", "predictions.bias"),
)
_LIKE_ROBERTA = ("roberta", "xlm-roberta", "camembert", "mpnet")


class LanguageHead(nn.Module):
    """A dense layer, GELU, a normalisation, and the table of piece vectors as the last layer (Devlin et al. 2019).

    It begins with the weights that the backbone's checkpoint has for it, else with random ones.

    Args:
        backbone: the network under it, whose table of piece vectors it shares.
        hidden_size: H, the width of the backbone's vectors.
        name_or_path: where the backbone is from; None leaves the weights random.
    """

    def __init__(self, backbone: nn.Module, hidden_size: int, name_or_path: str | None) -> None:
        super().__init__()
        config: Any = getattr(backbone, "config", None)
        table = piece_embeddings(backbone)
        self.dense = nn.Linear(hidden_size, table.embedding_dim)
        self.norm = nn.LayerNorm(table.embedding_dim, eps=float(getattr(config, "layer_norm_eps", 1e-12)))
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings))
        nn.init.normal_(self.dense.weight, std=float(getattr(config, "initializer_range", 0.02)))
        nn.init.zeros_(self.dense.bias)
        is_like_roberta = getattr(config, "model_type", "") in _LIKE_ROBERTA
        self._names = _FAMILIES[1 if is_like_roberta else 0]
        if name_or_path is not None:
            self._read(name_or_path)

    def forward(self, pieces: Tensor, table: Tensor) -> Tensor:
        """Scores `(N, V)` of all pieces.

        Args:
            pieces: `(N, H)` vectors.
            table: `(V, E)` the piece vectors.
        """
        return linear(self.norm(gelu(self.dense(pieces))), table, self.bias)

    def named_weights(self) -> dict[str, Tensor]:
        """The weights under the names that the backbone's family has for them."""
        names = self._names
        return {
            f"{names.dense}.weight": self.dense.weight,
            f"{names.dense}.bias": self.dense.bias,
            f"{names.norm}.weight": self.norm.weight,
            f"{names.norm}.bias": self.norm.bias,
            names.bias: self.bias,
        }

    def _read(self, name_or_path: str) -> None:
        """Take the weights of the head from a checkpoint."""
        for names in _FAMILIES:
            self._names, before = names, self._names
            own = self.named_weights()
            found = read_weights(name_or_path, list(own))
            if found.keys() == own.keys() and all(found[name].shape == own[name].shape for name in own):
                with torch.no_grad():
                    for name, value in own.items():
                        value.copy_(found[name])
                return
            self._names = before
        logger.info("'%s' has no head of a masked language model: it begins with random weights.", name_or_path)
