"""Named entities, flat or nested, as the cells of a grid for each type that rise above zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor

from adaseq.data.example import EntityForm
from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Prediction
from adaseq.models.guidance import guide_cells
from adaseq.models.spans import SpanModel, annotated_cells, without_context
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.grid_losses import judged_spans, row_blocks, sum_over_grid, threshold_loss
from adaseq.modules.pointer import Pointer, PointerVectors
from adaseq.modules.span_search import Candidates, positive_candidates, probable_candidates, take_best
from adaseq.modules.word_scores import WordScores
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Rate

_WIDTH = 64


@MODELS.register(Models.GLOBAL_POINTER, supplied_unless_given=("id_to_label",))
class GlobalPointerModel(SpanModel):
    """Scores every span for every type by attention with rotary positions, and takes all that are above zero (Su et al.
    2022, 'Global pointer: Novel efficient span-based approach for named entity recognition').

    The arguments that are not listed are those of `SpanModel`.

    Args:
        token_ffn_out_width: the width of the vectors of first and last words; -1 for 64, as in the paper.
        efficient: the types share their vectors and differ in what they add for single words; false gives each type vectors
            of its own, which takes as many parameters times the number of types.
        rope: rotary positions, so that scores depend on the distance of words.
        flat_ner: no two entities share a word: the best are taken; by default all spans above zero are.
        word_scores: add to the score of a span what each of its words says by itself: that it begins, or continues, an entity
            of the type.
        id_to_label: the types and their ids, instead of the preprocessor's.
    """

    entity_forms: frozenset[EntityForm] = frozenset({"several types"})

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        token_ffn_out_width: int = -1,
        dropout: Rate = 0.0,
        word_dropout: bool | Rate = False,
        variational_dropout: Rate = 0.0,
        efficient: bool = True,
        rope: bool = True,
        flat_ner: bool = False,
        word_scores: bool = False,
    ) -> None:
        super().__init__(embedder, id_to_label, encoder, dropout, word_dropout, variational_dropout)
        self.check_arguments({"token_ffn_out_width": token_ffn_out_width, "rope": rope})
        self.flat_ner = flat_ner
        if not flat_ner:
            self.entity_forms |= {"nested", "crossing"}
        self.num_types = len(self.id_to_label)
        width = _WIDTH if token_ffn_out_width == -1 else token_ffn_out_width
        self.scorer = Pointer(self.word_size, width, self.num_types, efficient, rope)
        self.word_scores = WordScores(self.word_size, self.num_types) if word_scores else None

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse a width that is none, or that has no pairs to turn.

        Raises:
            ModelError: it was given.
        """
        width = arguments.get("token_ffn_out_width", -1)
        if width < 1 and width != -1:
            raise ModelError(f"model.token_ffn_out_width is {width}; it must be at least 1, or -1 for {_WIDTH}")
        if width % 2 and width != -1 and arguments.get("rope", True):
            raise ModelError(
                f"model.token_ffn_out_width is {width}; rotary positions turn pairs of features, so that it must be even: "
                f"choose {width + 1}, or rope: false"
            )

    def vectors(self, words: Tensor, mask: Tensor) -> PointerVectors:
        """What scores are made of, from words `(B, L, H)` of which `mask` `(B, L)` tells the real ones."""
        vectors: PointerVectors = self.scorer(words)
        if self.word_scores is None:
            return vectors
        starts, ends = self.word_scores(words, mask)
        return vectors._replace(starts=vectors.starts + starts, ends=vectors.ends + ends)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """What it costs that annotated spans are not above zero and others not below, averaged over sentences and types."""
        words, mask = self.words(batch)
        by_words = [] if self.word_scores is None else self.word_scores.parameters()
        loss = sum_over_grid(
            lambda sentences, _: self.scorer.scores(self.vectors(words[sentences], mask[sentences])),
            [words, *self.scorer.parameters(), *by_words],
            judged_spans(mask, batch.get("unknown")),
            annotated_cells(batch),
            self.num_types,
            threshold_loss,
        )
        return {"loss": loss / max(len(mask) * self.num_types, 1)}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The `spans` of each sentence, each with `prob`, the sigmoid of its score, if asked."""
        candidates = self._candidates(batch, positive_candidates)
        found = take_best(candidates, len(batch["tokens"]["mask"]), "flat" if self.flat_ner else "any")
        return self.predictions(found, batch, with_prob)

    def decode_candidates(self, batch: Batch, least: float) -> list[Prediction]:
        """All spans of at least some probability, with `prob`, whether they overlap or not."""
        find = partial(probable_candidates, least=least, is_exclusive=False)
        found = take_best(self._candidates(batch, find), len(batch["tokens"]["mask"]), "any")
        return self.predictions(found, batch, with_prob=True)

    def _candidates(self, batch: Batch, find: Callable[[Tensor, Tensor, int], Candidates]) -> Candidates:
        """What is found in the scores of each block of rows."""
        words, mask = self.words(batch)
        vectors, classes = self.vectors(words, mask), self.classes()
        parts: list[Candidates] = []
        for first, last in row_blocks(mask.shape[1], mask.numel() * self.num_types):
            scores = self.scorer.scores(vectors.block(first, last))
            parts.append(find(guide_cells(scores, batch.get("guidance"), classes, first), mask, first))
        return without_context(Candidates.join(parts), batch)
