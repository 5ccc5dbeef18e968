"""The relation between two entities that are marked in a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Model, Prediction
from adaseq.models.views import softmax_divergence
from adaseq.modules.classifier import Classifier
from adaseq.modules.dropout import make_dropout
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.embedders.transformer_embedder import has_backbone
from adaseq.modules.encoders.base import Encoder, build_encoder
from adaseq.modules.losses.base import Loss, build_loss, check_loss
from adaseq.modules.pooling import Mode, Pooling, maximum, mean
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Count, Positive, Rate


@MODELS.register(Models.RELATION_EXTRACTION, supplied_unless_given=("id_to_label",))
class RelationExtractionModel(Model):
    """Scores relations by the vectors of the two entities (Baldini Soares et al. 2019, 'Matching the blanks').

    `entity_pooling: mean` with `sentence_pooling: first` is R-BERT (Wu and He 2019, 'Enriching pre-trained language model with
    entity information for relation classification').

    Args:
        embedder: turns pieces or words into word vectors.
        encoder: runs over the word vectors; none by default.
        entity_pooling: the vector of an entity is that of the marker before it (`start`), or the `mean` or `max` over its
            words.
        sentence_pooling: a third vector, beside those of the entities, for all of the text: that of the piece that stands for
            it ([CLS]: `first`), the `mean` or `max` over its words, or their mean weighted by `attention`; `none` leaves it out.
            By default none with a backbone, and max without one.
        dropout: on word vectors before and after the encoder, and on the vector of the relation.
        word_dropout: the share of words whose vectors are dropped whole; true takes the rate of `dropout` for it and drops
            words in place of single features.
        variational_dropout: the share of features that are dropped in all words of a text alike.
        hidden_size: the width of a layer with tanh before the scores; none by default.
        multiview: also train on the text without its context words, and pull the scores of that view towards those of the
            whole text (Wang et al. 2021, 'Improving named entity recognition by external context retrieving and cooperative
            learning'); the preprocessor needs `return_original_view: true`.
        temperature: of the scores that are pulled towards each other.
        loss: how wrong scores are judged; cross entropy by default.
        id_to_label: the relations and their ids, instead of the preprocessor's.
    """

    pipeline: ClassVar[str | None] = "relation-extraction-pipeline"
    predicts: ClassVar[frozenset[str]] = frozenset({"label"})

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        entity_pooling: Literal["start", "mean", "max"] = "start",
        sentence_pooling: Mode | Literal["none"] | None = None,
        dropout: Rate = 0.0,
        word_dropout: bool | Rate = False,
        variational_dropout: Rate = 0.0,
        hidden_size: Count | None = None,
        multiview: bool = False,
        temperature: Positive = 1.0,
        loss: Lazy[Loss] | None = None,
    ) -> None:
        super().__init__()
        self.check_arguments({"loss": loss})
        self.id_to_label = {int(i): label for i, label in id_to_label.items()}
        labels = [self.id_to_label[i] for i in range(len(self.id_to_label))]
        self.embedder = embedder
        self.encoder = build_encoder(encoder, embedder)
        self.dropout = make_dropout(dropout, word_dropout, variational_dropout)
        size = (self.encoder or embedder).output_size
        self.entity_pooling = entity_pooling
        sentence = sentence_pooling or ("none" if has_backbone(embedder) else "max")
        self.pooling = Pooling(sentence, size) if sentence != "none" else None
        total = size * (2 if self.pooling is None else 3)
        self.norm = nn.LayerNorm(total)
        self.classifier = Classifier(total, len(labels), dropout, hidden_size)
        self.multiview, self.temperature = multiview, temperature
        self.loss = build_loss(loss, labels) if loss is not None else None

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse a loss for items with several labels.

        Raises:
            ModelError: it was asked for.
        """
        check_loss(arguments, is_multilabel=False)

    def scores(self, batch: Batch) -> Tensor:
        """The scores of the relations, `(B, K)`."""
        words = self.dropout(self.embedder(batch["tokens"]))  # (B, L, H)
        if self.encoder is not None:
            words = self.dropout(self.encoder(words, batch["tokens"]["mask"]))
        vectors = [self._entity(words, batch["entities"][:, :2]), self._entity(words, batch["entities"][:, 2:])]
        if self.pooling is not None:
            vectors.append(self.pooling(words, batch["text_mask"], batch["summary_mask"]))
        return self.classifier(self.norm(torch.cat(vectors, -1))).float()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss of texts, averaged over them; with several views, the sum of theirs and of what divides them."""
        logits = self.scores(batch)
        targets = batch["label_ids"][:, 0]
        loss = self._judge(logits, targets)
        if self.multiview:
            if "origin" not in batch:
                raise ModelError(
                    "model.multiview needs the text without its context: preprocessor.return_original_view: true"
                )
            original = self.scores(batch["origin"])
            gap = softmax_divergence(original, logits, self.temperature) / len(logits)
            loss = loss + self._judge(original, targets) + gap
        return {"loss": loss, "logits": logits}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The `label` of each text, with its `prob` if asked; `spans` is empty."""
        best = self.scores(batch).softmax(1).max(1)
        predictions = []
        for label, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True):
            found: Prediction = {"spans": [], "label": self.id_to_label[label]}
            predictions.append({**found, "prob": probability} if with_prob else found)
        return predictions

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this model from a model folder."""
        return {**super().portable_config(block), "id_to_label": self.id_to_label}

    def _entity(self, words: Tensor, markers: Tensor) -> Tensor:
        """The vectors `(B, H)` of entities; zeros for one that is absent.

        Args:
            words: `(B, L, H)`.
            markers: `(B, 2)` the places of the markers before and behind it, negative if there are none.
        """
        start, end = markers.unsqueeze(-1).unbind(1)  # each (B, 1)
        places = torch.arange(words.shape[1], device=words.device)
        if self.entity_pooling == "start":
            return mean(words, places == start)
        inside = (places > start) & (places < end)
        return mean(words, inside) if self.entity_pooling == "mean" else maximum(words, inside)

    def _judge(self, logits: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(logits, targets) if self.loss is None else self.loss(logits, targets)
