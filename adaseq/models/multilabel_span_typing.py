"""The types of all mentions of a sentence, from the vectors of their words."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from adaseq.metainfo import Models
from adaseq.models.base import Batch
from adaseq.models.mention_typing import LossName, TypingModel
from adaseq.modules.biaffine import Biaffine
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.encoders.span import SpanEncoder
from adaseq.modules.label_decoders.base import LabelDecoder
from adaseq.modules.losses.base import Loss
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Count, Rate


@MODELS.register(Models.SPAN_TYPING, supplied_unless_given=("id_to_label",))
class MultiLabelSpanTypingModel(TypingModel):
    """Scores the types of a mention by the vectors of its first and its last word; a sentence goes through the backbone once,
    however many mentions it has.

    The arguments that are not listed are those of `TypingModel`.

    Args:
        span_encoder_method: concat, the vectors of the first and the last word side by side.
        span_hidden_size: the width that each of these two is brought to; by default that of the word vectors.
        use_biaffine: score types by a bilinear form of the two vectors instead of a linear one.
        decoder: which types hold together: linear (each by itself) by default, or pairwise-crf.
        id_to_label: the types and their ids, instead of the preprocessor's.
    """

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        span_encoder_method: Literal["concat"] = "concat",
        span_hidden_size: Count | None = None,
        dropout: Rate = 0.0,
        word_dropout: bool | Rate = False,
        loss_function: LossName = "BCE",
        class_threshold: float = 0.5,
        pos_weight: float = 1.0,
        use_biaffine: bool = False,
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
        self.span_encoder = SpanEncoder(
            self.word_size, span_encoder_method, span_hidden_size=span_hidden_size, use_biaffine=use_biaffine
        )
        self.typing_linear: nn.Module
        if use_biaffine:
            self.typing_linear = Biaffine(self.span_encoder.hidden_size, self.num_labels)
        else:
            self.typing_linear = nn.Linear(self.span_encoder.output_size, self.num_labels)

    def type_scores(self, batch: Batch) -> Tensor:
        """The logits of the types of each mention, `(N, K)`."""
        words = self.words(batch)
        sentences, starts, ends = batch["mentions"].unbind(1)
        first, last = words[sentences, starts], words[sentences, ends - 1]  # (N, H)
        if self.span_encoder.use_biaffine:
            first, last = self.span_encoder.pairs(first, last)
            scores = self.typing_linear(first.unsqueeze(1), last.unsqueeze(1))[:, 0, :, 0]
        else:
            scores = self.typing_linear(self.span_encoder.spans(first, last))
        return self.decide(scores)
