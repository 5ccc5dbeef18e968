"""Labels for whole texts and for pairs of texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Model, Prediction
from adaseq.modules.classifier import Classifier
from adaseq.modules.dropout import make_dropout
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.embedders.transformer_embedder import has_backbone
from adaseq.modules.encoders.base import Encoder, build_encoder
from adaseq.modules.losses.base import Loss, build_loss, check_loss
from adaseq.modules.pooling import Mode, Pooling
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Count, Rate


@MODELS.register(Models.TEXT_CLASSIFICATION, supplied_unless_given=("id_to_label",))
class TextClassificationModel(Model):
    """Embed, encode, make one vector of all, score the labels (Kim 2014; Devlin et al. 2019).

    A text that is longer than the backbone takes is seen in overlapping windows when it is evaluated: its vector is made of
    the words, or of the summaries, of all of them.

    Args:
        embedder: turns pieces or words into word vectors.
        encoder: runs over the word vectors: cnn, lstm, …; none by default.
        pooling: the vector of a text is that of the piece that stands for all of it ([CLS]: `first`), the `mean` or `max` over
            its words, or their mean weighted by `attention`. By default first with a backbone alone, else max.
        dropout: on the vector of the text.
        word_dropout: the share of words whose vectors are dropped whole; true takes the rate of `dropout` for it.
        variational_dropout: the share of features that are dropped in all words of a text alike, before the encoder.
        embedding_dropout: on word vectors, before the encoder.
        hidden_size: the width of a layer with tanh before the scores; none by default.
        multi_label: a text may have several labels, or none.
        class_threshold: with `multi_label`, the probability above which a label is predicted.
        loss: how wrong scores are judged; cross entropy by default, with `multi_label` that of each label by itself.
        id_to_label: the labels and their ids, instead of the preprocessor's.
    """

    pipeline: ClassVar[str | None] = "text-classification-pipeline"
    predicts: ClassVar[frozenset[str]] = frozenset({"labels"})
    answers_empty: ClassVar[bool] = True

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        pooling: Mode | None = None,
        dropout: Rate = 0.1,
        word_dropout: bool | Rate = False,
        variational_dropout: Rate = 0.0,
        embedding_dropout: Rate = 0.0,
        hidden_size: Count | None = None,
        multi_label: bool = False,
        class_threshold: float = 0.5,
        loss: Lazy[Loss] | None = None,
    ) -> None:
        super().__init__()
        self.check_arguments({"multi_label": multi_label, "class_threshold": class_threshold, "loss": loss})
        self.id_to_label = {int(i): label for i, label in id_to_label.items()}
        self.multi_label, self.class_threshold = multi_label, class_threshold
        labels = [self.id_to_label[i] for i in range(len(self.id_to_label))]
        self.embedder = embedder
        self.encoder = build_encoder(encoder, embedder)
        rate = dropout if word_dropout is True else embedding_dropout
        self.word_dropout = make_dropout(rate, word_dropout, variational_dropout)
        is_backbone_alone = encoder is None and has_backbone(embedder)
        size = (self.encoder or embedder).output_size
        self.pooling = Pooling(pooling or ("first" if is_backbone_alone else "max"), size)
        self.classifier = Classifier(size, len(labels), dropout, hidden_size)
        self.loss = build_loss(loss, labels) if loss is not None else None

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse a threshold that is no probability, and a loss of the other sort.

        Raises:
            ModelError: it was asked for.
        """
        threshold = arguments.get("class_threshold", 0.5)
        if not 0 < threshold < 1:
            raise ModelError(f"model.class_threshold is a probability between 0 and 1; received {threshold}")
        check_loss(arguments, is_multilabel=bool(arguments.get("multi_label")))

    def scores(self, batch: Batch) -> Tensor:
        """The scores of the labels, `(B, K)`."""
        words = self.word_dropout(self.embedder(batch["tokens"]))  # (B, L, H)
        if self.encoder is not None:
            words = self.encoder(words, batch["tokens"]["mask"])
        return self.classifier(self.pooling(words, batch["text_mask"], batch["summary_mask"])).float()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss of texts, averaged over them."""
        logits = self.scores(batch)
        targets = self._targets(batch["label_ids"], logits.shape[-1])
        if self.loss is not None:
            loss = self.loss(logits, targets)
        elif self.multi_label:
            loss = binary_cross_entropy_with_logits(logits, targets.float())
        else:
            loss = cross_entropy(logits, targets)
        return {"loss": loss, "logits": logits}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The `labels` of each text, the most probable first, with their `probs` if asked; `spans` is empty."""
        logits = self.scores(batch)
        if self.multi_label:
            probabilities = logits.sigmoid()
            order = probabilities.argsort(dim=1, descending=True, stable=True)
            counts = (probabilities > self.class_threshold).sum(1).tolist()
        else:
            probabilities = logits.softmax(1)
            order = probabilities.argmax(1, keepdim=True)
            counts = [1] * len(logits)
        sorted_probabilities = probabilities.gather(1, order).tolist()
        predictions = []
        for ids, probs, count in zip(order.tolist(), sorted_probabilities, counts, strict=True):
            found: Prediction = {"spans": [], "labels": [self.id_to_label[i] for i in ids[:count]]}
            predictions.append({**found, "probs": probs[:count]} if with_prob else found)
        return predictions

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this model from a model folder."""
        return {**super().portable_config(block), "id_to_label": self.id_to_label}

    def _targets(self, label_ids: Tensor, num_labels: int) -> Tensor:
        """One id per text `(B,)`, or for each label whether it holds `(B, K)`."""
        if not self.multi_label:
            return label_ids[:, 0]
        is_label = label_ids >= 0
        ids = label_ids.clamp(min=0)
        return (one_hot(ids, num_labels) * is_label.unsqueeze(-1)).amax(1)
