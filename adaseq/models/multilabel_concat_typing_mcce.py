"""The types of a mention, from a sequence of the text, the mention and all candidates for its types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.metainfo import LabelDecoders, Models
from adaseq.models.base import Batch, Prediction
from adaseq.models.mention_typing import LossName, TypingModel
from adaseq.models.multilabel_concat_typing import count_top, refuse_tuning
from adaseq.modules.added_pieces import name_pieces
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.embedders.embedding import Embedding
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.label_decoders.base import LabelDecoder
from adaseq.modules.label_decoders.linear import IndependentLabels
from adaseq.modules.losses.base import Loss
from adaseq.registry import EMBEDDERS, MODELS, Lazy
from adaseq.utils.ranges import Rate

# The logit of what is no candidate: its probability is 0 in every precision.
_IMPOSSIBLE = -1e4

_NO_PIECES = "model.embedder must be transformer-embedder or embedding here: the candidates are pieces or words of one vocabulary"


@MODELS.register(
    Models.CONCAT_TYPING_MCCE, supplied=("label_pieces", "num_pieces"), supplied_unless_given=("id_to_label",)
)
class MultiLabelConcatTypingMCCEModel(TypingModel):
    """Reads the text, the mention and all candidates in one sequence, in which each candidate is one piece that sees the others,
    and scores each candidate by its own vector (MCCE-S; Jiang et al. 2022, 'Recall, expand and multi-candidate cross-encode').

    The piece of a type begins as the mean of those of its name. In training the candidates are in a new order each time, so that
    their places mean nothing; else they are in the order in which they are given. At least the most probable candidate is always predicted; what
    is no candidate never is.

    The arguments that are not listed are those of `TypingModel`.

    Args:
        embedder: turns pieces or words into word vectors: transformer-embedder, or embedding.
        top_k: predict this many types instead, the most probable ones; -1 goes by the threshold.
        decoder: linear, as the candidates see each other already.
        id_to_label: the types and their ids, instead of the preprocessor's.
        label_pieces: the pieces of the name of each type.
        num_pieces: the size of the vocabulary with the types, which are its last pieces.
    """

    fewest_types: ClassVar[int] = 1

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
        top_k: int = -1,
        decoder: LabelDecoder | None = None,
        loss: Lazy[Loss] | None = None,
        label_pieces: list[list[int]] | None = None,
        num_pieces: int | None = None,
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
        self.check_arguments({"top_k": top_k, "decoder": decoder})
        if not isinstance(embedder, (TransformerEmbedder, Embedding)):
            raise ModelError(_NO_PIECES)
        self.top_k = top_k
        self.linear = nn.Linear(self.word_size, 1)
        if isinstance(embedder, TransformerEmbedder) and label_pieces is not None and num_pieces is not None:
            name_pieces(embedder.transformer_model, num_pieces - len(label_pieces), label_pieces)

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse what every typing model refuses, and decoders that need all types.

        Raises:
            ModelError: it was asked for.
        """
        decoder = arguments.get("decoder")
        name = decoder.get("type") if isinstance(decoder, Mapping) else decoder
        if name not in (None, LabelDecoders.LINEAR) and not isinstance(name, IndependentLabels):
            raise ModelError(
                "model.decoder must be linear here: the candidates of a mention are only some of the types, and see each other in "
                "the backbone"
            )
        TypingModel.check_arguments(arguments)

    @classmethod
    def check_embedder(cls, arguments: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> None:
        """Refuse an embedder without a vocabulary.

        Raises:
            ModelError: it has none.
        """
        if not issubclass(EMBEDDERS.get(arguments["embedder"]["type"]), (TransformerEmbedder, Embedding)):
            raise ModelError(_NO_PIECES)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss over all candidates of the mentions of the batch; zero if there is none."""
        return super().forward(_shuffled(batch) if self.training else batch)

    def type_scores(self, batch: Batch) -> Tensor:
        """The logits of the types of each mention, `(N, K)`; very low for what is no candidate."""
        count = len(batch["mentions"])
        words = self.words(batch)[:count]  # (N, L, H)
        candidates, places = batch["candidates"][:count], batch["candidate_words"][:count]  # (N, C)
        vectors = words.gather(1, places.unsqueeze(-1).expand(-1, -1, words.shape[-1]))
        scores = self.linear(vectors).squeeze(-1).float()
        logits = scores.new_full((count, self.num_labels + 1), _IMPOSSIBLE)
        return self.decide(logits.scatter(1, self._columns(candidates), scores)[:, :-1])

    def targets(self, batch: Batch) -> Tensor:
        """Which candidates hold, `(N, K)`: 1, 0, or -1 for types that are no candidates."""
        held = super().targets(batch)
        is_candidate = torch.zeros(len(held), self.num_labels + 1, dtype=torch.bool, device=held.device)
        is_candidate.scatter_(1, self._columns(batch["candidates"]), True)
        return held.masked_fill(~is_candidate[:, :-1], -1)

    def count_types(self, probabilities: Tensor) -> Tensor:
        """How many types each mention has `(N,)`, from their probabilities `(N, K)`."""
        if self.top_k > 0:
            return count_top(probabilities, self.top_k)
        return torch.minimum(super().count_types(probabilities), (probabilities > 0).sum(1))

    def decode_possible(self, batch: Batch) -> list[Prediction]:
        """As of any model that types mentions.

        Raises:
            ModelError: it does not go by a threshold.
        """
        refuse_tuning(self.top_k)
        return super().decode_possible(batch)

    def _columns(self, candidates: Tensor) -> Tensor:
        """Where candidates stand among the types; what pads them, in a column of its own."""
        return torch.where(candidates < 0, self.num_labels, candidates)


def _shuffled(batch: Batch) -> Batch:
    """The same batch with the candidates of each mention in another order."""
    tokens, candidates = batch["tokens"], batch["candidates"]  # (N, C)
    # What pads candidates stays behind them.
    keys = torch.rand(candidates.shape, device=candidates.device) + (candidates < 0)
    order = keys.argsort(1)
    words = batch["candidate_words"]
    places = tokens["first_piece"].gather(1, words) if "first_piece" in tokens else words
    pieces = tokens["input_ids"].gather(1, places).gather(1, order)
    shuffled = {**tokens, "input_ids": tokens["input_ids"].scatter(1, places, pieces)}
    return {**batch, "tokens": shuffled, "candidates": candidates.gather(1, order)}
