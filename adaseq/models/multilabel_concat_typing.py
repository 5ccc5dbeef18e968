"""The types of a mention, from a sequence of the text and the mention."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Prediction
from adaseq.models.mention_typing import LossName, TypingModel
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.embedders.transformer_embedder import has_backbone
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.label_decoders.base import LabelDecoder
from adaseq.modules.losses.base import Loss
from adaseq.modules.pooling import Mode, Pooling, maximum, mean
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Rate


@MODELS.register(Models.CONCAT_TYPING, supplied_unless_given=("id_to_label",))
class MultiLabelConcatTypingModel(TypingModel):
    """Scores the types of a mention by the vector of a sequence made of the text and the mention. With the decoder
    `pairwise-crf` it is the NPCRF of Jiang et al. 2022, 'Modeling label correlations for ultra-fine entity typing'.

    The backbone reads the text once for each mention. At least the most probable type is always predicted.

    The arguments that are not listed are those of `TypingModel`.

    Args:
        pooling: the vector of a sequence is that of the piece that stands for all of it ([CLS]: `first`), the `mean` or `max`
            over its words, or their mean weighted by `attention`. By default first with a backbone alone, else max.
        mention_pooling: a second vector, put beside it: the `mean` or `max` over the words of the mention in the text; `none`
            leaves it out. By default none with a backbone alone, else max.
        top_k: predict this many types instead, the most probable ones; -1 goes by the threshold.
        decoder: which types hold together: linear (each by itself) by default, or pairwise-crf.
        id_to_label: the types and their ids, instead of the preprocessor's.
    """

    fewest_types: ClassVar[int] = 1

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        pooling: Mode | None = None,
        mention_pooling: Literal["none", "mean", "max"] | None = None,
        dropout: Rate = 0.0,
        word_dropout: bool | Rate = False,
        loss_function: LossName = "BCE",
        class_threshold: float = 0.5,
        pos_weight: float = 1.0,
        top_k: int = -1,
        decoder: LabelDecoder | None = None,
        loss: Lazy[Loss] | None = None,
    ) -> None:
        super().__init__(
            embedder,
            id_to_label,
            encoder,
            dropout,
            word_dropout,
            loss_function,
            class_threshold,
            pos_weight,
            decoder,
            loss,
        )
        self.check_arguments({"top_k": top_k})
        self.top_k = top_k
        is_backbone_alone = encoder is None and has_backbone(embedder)
        self.pooling = Pooling(pooling or ("first" if is_backbone_alone else "max"), self.word_size)
        self.mention_pooling = mention_pooling or ("none" if is_backbone_alone else "max")
        size = self.word_size * (1 if self.mention_pooling == "none" else 2)
        self.linear = nn.Linear(size, self.num_labels)

    def type_scores(self, batch: Batch) -> Tensor:
        """The logits of the types of each mention, `(N, K)`."""
        words = self.words(batch)  # (N, L, H)
        vectors = self.pooling(words, batch["text_mask"], batch["summary_mask"])
        if self.mention_pooling != "none":
            pool = mean if self.mention_pooling == "mean" else maximum
            vectors = torch.cat([vectors, pool(words, batch["mention_mask"])], -1)
        # A batch without any mention has a row that stands for nothing.
        return self.decide(self.linear(vectors)[: len(batch["mentions"])])

    def count_types(self, probabilities: Tensor) -> Tensor:
        """How many types each mention has `(N,)`, from their probabilities `(N, K)`."""
        return count_top(probabilities, self.top_k) if self.top_k > 0 else super().count_types(probabilities)

    def decode_possible(self, batch: Batch) -> list[Prediction]:
        """As of any model that types mentions.

        Raises:
            ModelError: it does not go by a threshold.
        """
        refuse_tuning(self.top_k)
        return super().decode_possible(batch)


def count_top(probabilities: Tensor, top_k: int) -> Tensor:
    """So many types, or all that are possible, for each mention `(N,)`, from their probabilities `(N, K)`."""
    return (probabilities > 0).sum(1).clamp(max=top_k)


def refuse_tuning(top_k: int) -> None:
    """Refuse to tune a threshold that does not count.

    Raises:
        ModelError: types are predicted by their number.
    """
    if top_k > 0:
        raise ModelError(
            f"model.top_k: {top_k} predicts so many types whatever their probability, so there is no threshold to tune: leave it "
            "out, or evaluate with typing-metric"
        )
