"""What models share that give mentions any number of types."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.models.base import Batch, Model, Prediction
from adaseq.modules.dropout import make_dropout
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder, build_encoder
from adaseq.modules.label_decoders.base import LabelDecoder
from adaseq.modules.label_decoders.linear import IndependentLabels
from adaseq.modules.losses.base import Loss, build_loss, check_loss
from adaseq.modules.losses.binary import BinaryCrossEntropy, WeightedBinaryCrossEntropy
from adaseq.registry import Lazy
from adaseq.utils.ranges import Rate

logger = logging.getLogger(__name__)

LossName = Literal["BCE", "WBCE"]

# What is less probable is never proposed when the threshold is tuned.
LEAST_POSSIBLE = 0.01


class TypingModel(Model):
    """Embed, encode, score the types of each mention; derived classes score.

    Args:
        embedder: turns pieces or words into word vectors.
        id_to_label: the types and their ids.
        encoder: runs over the word vectors; none by default.
        dropout: on word vectors, before and after the encoder.
        word_dropout: the share of words whose vectors are dropped whole; true takes the rate of `dropout` for it and drops
            words in place of single features.
        loss_function: BCE, each type is decided by itself; WBCE, the types that hold weigh `pos_weight`.
        class_threshold: the probability above which a type is predicted.
        pos_weight: of the types that hold, with WBCE.
        decoder: which types hold together.
        loss: instead of `loss_function`, any loss for items with several classes.

    Attributes:
        fewest_types: how many types a mention has at least.
    """

    fewest_types: ClassVar[int] = 0
    predicts: ClassVar[frozenset[str]] = frozenset({"types"})
    threshold: Tensor

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        dropout: Rate = 0.0,
        word_dropout: bool | Rate = False,
        loss_function: LossName = "BCE",
        class_threshold: float = 0.5,
        pos_weight: float = 1.0,
        decoder: LabelDecoder | None = None,
        loss: Lazy[Loss] | None = None,
    ) -> None:
        super().__init__()
        self.check_arguments({"class_threshold": class_threshold, "loss": loss, "pos_weight": pos_weight})
        self.id_to_label = {int(i): label for i, label in id_to_label.items()}
        labels = [self.id_to_label[i] for i in range(len(self.id_to_label))]
        self.num_labels = len(labels)
        self.embedder = embedder
        self.encoder = build_encoder(encoder, embedder)
        self.dropout: nn.Module = make_dropout(dropout, word_dropout)
        self.decoder = decoder if decoder is not None else IndependentLabels()
        self.loss: Loss
        if loss is not None:
            self.loss = build_loss(loss, labels)
        elif loss_function == "WBCE":
            self.loss = WeightedBinaryCrossEntropy(pos_weight)
        else:
            self.loss = BinaryCrossEntropy()
        if pos_weight != 1 and (loss is not None or loss_function == "BCE"):
            logger.warning("model.pos_weight has an effect only with loss_function: WBCE.")
        self.register_buffer("threshold", torch.tensor(float(class_threshold)))

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse a threshold that is no probability, and a loss of the other sort.

        Raises:
            ModelError: it was asked for.
        """
        threshold = arguments.get("class_threshold", 0.5)
        if not 0 < threshold < 1:
            raise ModelError(f"model.class_threshold is a probability between 0 and 1; received {threshold}")
        if arguments.get("pos_weight", 1.0) <= 0:
            raise ModelError(f"model.pos_weight must be more than 0; received {arguments['pos_weight']}")
        top_k = arguments.get("top_k", -1)
        if top_k != -1 and top_k < 1:
            raise ModelError(f"model.top_k must be at least 1, or -1 to go by the threshold; received {top_k}")
        check_loss(arguments, is_multilabel=True)

    @abstractmethod
    def type_scores(self, batch: Batch) -> Tensor:
        """The logits of the types of each mention, `(N, K)`."""

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss over all mentions of the batch; zero if there is none."""
        logits = self.type_scores(batch)
        if not len(logits):
            return {"loss": logits.sum(), "logits": logits}
        return {"loss": self.loss(logits, self.targets(batch)), "logits": logits}

    def targets(self, batch: Batch) -> Tensor:
        """Which types each mention has, `(N, K)`: 1, 0, or -1 for those that do not count."""
        ids = batch["label_ids"]  # (N, T)
        held = torch.zeros(len(ids), self.num_labels + 1, dtype=torch.long, device=ids.device)
        # What pads the ids goes into a column of its own.
        held.scatter_(1, torch.where(ids < 0, self.num_labels, ids), 1)
        return held[:, :-1]

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The mentions of each text in their order, with `types`, the most probable first, and `probs` if asked."""
        probabilities = self.type_scores(batch).sigmoid()
        predictions: list[Prediction] = [{"spans": []} for _ in range(len(batch["index"]))]
        found = _ranked(probabilities, self.count_types(probabilities))
        for (number, start, end), (types, probs) in zip(batch["mentions"].tolist(), found, strict=True):
            span: dict[str, Any] = {"start": start, "end": end, "type": ""}
            span["types"] = [self.id_to_label[i] for i in types]
            predictions[number]["spans"].append({**span, "probs": probs} if with_prob else span)
        return predictions

    def decode_possible(self, batch: Batch) -> list[Prediction]:
        """The mentions with `possible`: `[type, probability]` of all types that a threshold from 0.01 on would let through, the
        most probable first; and `fewest`, how many of them are predicted whatever the threshold."""
        probabilities = self.type_scores(batch).sigmoid()
        predictions: list[Prediction] = [{"spans": []} for _ in range(len(batch["index"]))]
        counts = (probabilities > LEAST_POSSIBLE).sum(1).clamp(min=self.fewest_types)
        found = _ranked(probabilities, counts)
        for (number, start, end), (types, probs) in zip(batch["mentions"].tolist(), found, strict=True):
            possible = [[self.id_to_label[i], prob] for i, prob in zip(types, probs, strict=True)]
            span = {"start": start, "end": end, "type": "", "possible": possible, "fewest": self.fewest_types}
            predictions[number]["spans"].append(span)
        return predictions

    def count_types(self, probabilities: Tensor) -> Tensor:
        """How many types each mention has `(N,)`, from their probabilities `(N, K)`."""
        return (probabilities > self.threshold.to(probabilities)).sum(1).clamp(min=self.fewest_types)

    def set_threshold(self, threshold: float) -> None:
        """Predict with another threshold from now on; it is saved with the weights."""
        self.threshold.fill_(threshold)

    def words(self, batch: Batch) -> Tensor:
        """The word vectors `(B, L, H)`."""
        words: Tensor = self.dropout(self.embedder(batch["tokens"]))
        if self.encoder is not None:
            words = self.dropout(self.encoder(words, batch["tokens"]["mask"]))
        return words

    def decide(self, scores: Tensor) -> Tensor:
        """The logits of types that know of each other, from scores of single ones, both `(N, K)`."""
        return self.decoder.logits(scores.to(torch.promote_types(scores.dtype, torch.float32)))

    @property
    def word_size(self) -> int:
        """H, the width of the word vectors."""
        return (self.encoder or self.embedder).output_size

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this model from a model folder."""
        portable = {**super().portable_config(block), "id_to_label": self.id_to_label}
        threshold = round(float(self.threshold), 6)
        if 0 < threshold < 1:  # one that is closer to them was never tuned
            portable["class_threshold"] = threshold
        if block.get("decoder") is not None:
            portable["decoder"] = self.decoder.portable_config(block["decoder"])
        return portable


def _ranked(probabilities: Tensor, counts: Tensor) -> list[tuple[list[int], list[float]]]:
    """For each row the so many most probable types, in order, with their probabilities.

    Args:
        probabilities: `(N, K)`.
        counts: `(N,)`.
    """
    if not len(counts):
        return []
    best = probabilities.topk(int(counts.max()), dim=1)
    rows = zip(best.indices.tolist(), best.values.tolist(), counts.tolist(), strict=True)
    return [(types[:count], probs[:count]) for types, probs, count in rows]
