"""What models share that find spans among all pairs of words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from adaseq.models.base import Ability, Batch, Model, Prediction
from adaseq.modules.dropout import make_dropout
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder, build_encoder
from adaseq.modules.grid_losses import Cells
from adaseq.modules.span_search import Candidates, FoundSpan
from adaseq.registry import Lazy
from adaseq.utils.ranges import Rate


class SpanModel(Model):
    """Word vectors in, spans out; derived classes score and choose.

    Grids have a cell for each pair of labelled words: context words have none.

    Args:
        embedder: turns pieces or words into word vectors.
        id_to_label: the types and their ids.
        encoder: runs over the word vectors; none by default.
        dropout: on word vectors, before and after the encoder.
        word_dropout: the share of words whose vectors are dropped whole; true takes the rate of `dropout` for it and drops
            words in place of single features.
        variational_dropout: the share of features that are dropped in all words of a sentence alike.
    """

    pipeline: ClassVar[str | None] = "span-based-ner-pipeline"
    abilities: ClassVar[frozenset[Ability]] = frozenset({"dictionary", "candidates"})
    predicts: ClassVar[frozenset[str]] = frozenset({"spans"})

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        dropout: Rate = 0.0,
        word_dropout: bool | Rate = False,
        variational_dropout: Rate = 0.0,
    ) -> None:
        super().__init__()
        self.id_to_label = {int(i): label for i, label in id_to_label.items()}
        self.embedder = embedder
        self.encoder = build_encoder(encoder, embedder)
        self.dropout: nn.Module = make_dropout(dropout, word_dropout, variational_dropout)
        self.encoded_dropout = self.dropout

    @property
    def word_size(self) -> int:
        """H, the width of the word vectors that are scored."""
        return (self.encoder or self.embedder).output_size

    def words(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The vectors of the labelled words `(B, T, H)`, and the mask `(B, T)` of real ones."""
        mask = batch["tokens"]["mask"]
        words = self.dropout(self.embedder(batch["tokens"]))  # (B, L, H)
        if self.encoder is not None:
            words = self.encoded_dropout(self.encoder(words, mask))
        if "label_positions" in batch:
            index = batch["label_positions"].unsqueeze(-1).expand(-1, -1, words.shape[-1])
            return words.gather(1, index), batch["label_mask"]
        return words, mask

    def classes(self, shift: int = 0) -> dict[str, int]:
        """The class of each type.

        Args:
            shift: what to add to the numbers of types, where the first classes mean something else.
        """
        return {label: number + shift for number, label in self.id_to_label.items()}

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this model from a model folder."""
        return {**super().portable_config(block), "id_to_label": self.id_to_label}

    def predictions(
        self,
        found: Sequence[Iterable[FoundSpan]],
        batch: Batch,
        with_prob: bool,
        names: Mapping[int, str] | None = None,
    ) -> list[Prediction]:
        """Predictions in words of the sentences, from spans among the labelled words.

        Args:
            found: those of each sentence.
            batch: the sentences.
            with_prob: whether they get their probabilities.
            names: what their labels mean; by default the types of the model.
        """
        names = self.id_to_label if names is None else names
        places = batch["label_positions"].tolist() if "label_positions" in batch else None
        predictions = []
        for number, spans in enumerate(found):
            result = []
            for start, last, label, probability in spans:
                if places is not None:
                    start, last = places[number][start], places[number][last]
                span: dict[str, Any] = {"start": start, "end": last + 1, "type": names[label]}
                result.append({**span, "prob": probability} if with_prob else span)
            result.sort(key=lambda span: (span["start"], span["end"], span["type"]))
            predictions.append({"spans": result})
        return predictions


def annotated_cells(batch: Batch, shift: int = 0) -> Cells:
    """The annotated cells of a batch.

    Args:
        batch: `cells` (N, 4) holds sentences, rows, columns and classes.
        shift: what to add to the classes, where the first ones mean something else.
    """
    sentences, rows, columns, classes = batch["cells"].unbind(1)
    return Cells(sentences, rows, columns, classes + shift)


def without_context(candidates: Candidates, batch: Batch) -> Candidates:
    """Those candidates between whose words no context word lies."""
    if "label_positions" not in batch:
        return candidates
    places = batch["label_positions"]
    reach = places[candidates.sentences, candidates.lasts] - places[candidates.sentences, candidates.starts]
    return candidates.where(reach == candidates.lasts - candidates.starts)
