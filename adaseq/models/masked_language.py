"""Pretraining of a backbone on raw text: a masked language model that also learns where words begin and end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Model, Prediction
from adaseq.modules.backbones import piece_embeddings, stated_sizes
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder, pool_pieces
from adaseq.modules.language_head import LanguageHead
from adaseq.registry import EMBEDDERS, MODELS
from adaseq.utils.ranges import Count, NonNegative, Probability

_IGNORED = -100
_NO_BACKBONE = "masked-language-model pretrains a backbone: model.embedder must be a transformer-embedder"


@MODELS.register(Models.MASKED_LANGUAGE, supplied=("mask_piece", "boundary_size"))
class MaskedLanguageModel(Model):
    """Predicts pieces that were masked (Devlin et al. 2019) and, from a lower layer, the statistics of the n-grams around each
    word (BABERT, Jiang et al. 2022): L = L_MLM + w L_BA, where L_BA is the mean squared error of the boundary features.

    In training the masked pieces are drawn anew in each epoch, from the run's seed. In evaluation they depend on the text
    alone, so that scores can be compared.

    Args:
        embedder: the backbone that is trained, a transformer-embedder.
        mask_rate: the share of pieces that are predicted. Of these 80 % are masked, 10 % replaced and 10 % left as they are.
        boundary_layer: the layer whose vectors the boundary features are predicted from, counted from 1; layer 3 is the
            choice of the paper.
        boundary_weight: w, the weight of their loss; 0 for a masked language model alone.
        mask_piece: the piece that masks others.
        boundary_size: how many boundary features a word has; 0 where there are none.
    """

    predicts: ClassVar[frozenset[str]] = frozenset({"masked"})

    @classmethod
    def check_embedder(cls, arguments: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> None:
        """Refuse an embedder that is no backbone, and a layer that the backbone does not have.

        Raises:
            ModelError: it is none, or has none.
        """
        block = arguments["embedder"]
        if not issubclass(EMBEDDERS.get(block["type"]), TransformerEmbedder):
            raise ModelError(_NO_BACKBONE)
        layers = stated_sizes(block["model_name_or_path"]).num_layers
        has_boundaries = arguments["boundary_weight"] and preprocessor.get("max_ngram")
        if layers is not None and has_boundaries and arguments["boundary_layer"] > layers:
            raise _no_such_layer(arguments["boundary_layer"], layers)

    def __init__(
        self,
        embedder: Embedder,
        mask_piece: int,
        mask_rate: Probability = 0.15,
        boundary_layer: Count = 3,
        boundary_weight: NonNegative = 1.0,
        boundary_size: int = 0,
    ) -> None:
        super().__init__()
        if not isinstance(embedder, TransformerEmbedder):
            raise ModelError(_NO_BACKBONE)
        if not 0 < mask_rate < 1:
            raise ModelError(f"model.mask_rate is {mask_rate}; it must be between 0 and 1")
        self.embedder = embedder
        self.mask_piece, self.mask_rate = mask_piece, mask_rate
        self.head = LanguageHead(embedder.transformer_model, embedder.output_size, embedder.head_source)
        self.boundary_layer, self.boundary_weight = boundary_layer, boundary_weight
        self.boundary: nn.Linear | None = None
        if boundary_size and boundary_weight:
            layers = int(embedder.config.num_hidden_layers)
            if not 1 <= boundary_layer <= layers:
                raise _no_such_layer(boundary_layer, layers)
            self.boundary = nn.Linear(embedder.output_size, boundary_size)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The mean loss over the masked pieces, and over the boundary features of all words."""
        tokens = batch["tokens"]
        random = torch.rand((2, *tokens["input_ids"].shape), device=tokens["input_ids"].device)
        corrupted, labels = self._masked(tokens, random)
        layers = self._layers(corrupted, tokens["attention_mask"])
        is_masked = labels != _IGNORED
        scores = self._scores(layers[-1][is_masked])
        language = cross_entropy(scores.float(), labels[is_masked], reduction="sum") / is_masked.sum().clamp(min=1)
        outputs = {"loss": language, "language_loss": language.detach(), "logits": scores}
        if self.boundary is not None:
            words = pool_pieces(layers[self.boundary_layer], tokens["first_piece"], tokens["last_piece"], "first")
            given = batch["boundary"][tokens["mask"]]
            error = mse_loss(self.boundary(words[tokens["mask"]]).float(), given, reduction="sum")
            boundary = error / max(given.numel(), 1)
            outputs |= {"loss": language + self.boundary_weight * boundary, "boundary_loss": boundary.detach()}
        return outputs

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """How many pieces of each text were masked, how many of them were found, and the sum of their losses."""
        tokens = batch["tokens"]
        corrupted, labels = self._masked(tokens, _chances(tokens["input_ids"]))
        is_masked = labels != _IGNORED
        pieces = self._layers(corrupted, tokens["attention_mask"])[-1][is_masked]
        scores = self._scores(pieces).float()
        losses = torch.zeros(labels.shape, device=labels.device)
        right = torch.zeros_like(labels)
        losses[is_masked] = cross_entropy(scores, labels[is_masked], reduction="none")
        right[is_masked] = (scores.argmax(1) == labels[is_masked]).long()
        columns = (is_masked.sum(1).tolist(), right.sum(1).tolist(), losses.sum(1).tolist())
        return [
            {"spans": [], "masked": masked, "correct": correct, "loss": loss}
            for masked, correct, loss in zip(*columns, strict=True)
        ]

    def head_weights(self) -> dict[str, Tensor]:
        """The weights of the language head under their usual names, for a backbone folder."""
        return self.head.named_weights()

    def _layers(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """The piece vectors `(B, S, H)` of all layers; those of the embeddings are number 0."""
        outputs = self.embedder.transformer_model(
            input_ids=input_ids, attention_mask=attention_mask.long(), output_hidden_states=True
        )
        return (*outputs.hidden_states[:-1], outputs.last_hidden_state)

    def _scores(self, pieces: Tensor) -> Tensor:
        return self.head(pieces, piece_embeddings(self.embedder.transformer_model).weight)

    def _masked(self, tokens: dict[str, Tensor], random: Tensor) -> tuple[Tensor, Tensor]:
        """Pieces of which some are masked, and labels: what these were; -100 for all others.

        Args:
            tokens: the pieces.
            random: `(2, B, S)` numbers from 0 to 1: which pieces, and what becomes of them.
        """
        pieces = tokens["input_ids"]
        chosen = (random[0] < self.mask_rate) & _in_words(tokens)
        labels = pieces.masked_fill(~chosen, _IGNORED)
        fate = random[1]
        vocabulary = self.head.bias.shape[0]
        # The last tenth of the range, stretched over all pieces.
        others = ((fate - 0.9).clamp(min=0) * (10 * vocabulary)).long().clamp(max=vocabulary - 1)
        corrupted = torch.where(chosen & (fate < 0.8), self.mask_piece, pieces)
        return torch.where(chosen & (fate >= 0.9), others, corrupted), labels


def _in_words(tokens: dict[str, Tensor]) -> Tensor:
    """Which pieces belong to words, `(B, S)`: not padding, and not the special ones around a text."""
    places = torch.arange(tokens["input_ids"].shape[1], device=tokens["input_ids"].device)
    last = tokens["last_piece"].masked_fill(~tokens["mask"], -1).amax(1, keepdim=True)
    return (places >= tokens["first_piece"][:, :1]) & (places <= last)


def _chances(pieces: Tensor) -> Tensor:
    """Numbers from 0 to 1 that look random, `(2, B, S)`: they depend on each piece, its place and the one before it."""
    places = torch.arange(pieces.shape[1], device=pieces.device)
    before = nn.functional.pad(pieces[:, :-1], (1, 0))
    mixed = (pieces * 1_000_003 + before * 7919 + places * 104_729) % (1 << 31)
    values = []
    for salt in (1_103_515_245, 22_695_477):
        number = mixed
        for _ in range(3):
            number = (number * salt + 12_345) % (1 << 31)
            number = number ^ (number >> 13)
        values.append(number.float() / (1 << 31))
    return torch.stack(values).clamp(max=0.999999)


def _no_such_layer(wanted: int, there: int) -> ModelError:
    return ModelError(f"model.boundary_layer is {wanted}; the backbone has layers 1 to {there}")
