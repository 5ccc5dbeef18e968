"""Named entities, flat or nested, as the best class of each pair of words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from adaseq.data.example import EntityForm
from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Prediction
from adaseq.models.guidance import guide_cells
from adaseq.models.spans import SpanModel, annotated_cells, without_context
from adaseq.modules.biaffine import Biaffine, Projection
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.grid_losses import (
    full_precision,
    judged_spans,
    row_blocks,
    sigmoid_loss,
    softmax_loss,
    sum_over_grid,
)
from adaseq.modules.span_search import (
    Candidates,
    best_class_candidates,
    positive_candidates,
    probable_candidates,
    take_best,
)
from adaseq.modules.word_scores import WordScores
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Rate

# Spans of so many words, or of more, are equally long; and the width of the vectors of lengths.
_LENGTHS, _LENGTH_SIZE = 32, 32
# What part of the spans is taken to be entities before anything is learned.
_PRIOR = 0.01


class SpanVectors(NamedTuple):
    """What scores are made of.

    Attributes:
        firsts: the vectors of first words `(B, L, D)`.
        lasts: those of last words, the same.
        starts: what a first word adds for each type `(B, L, T)`; None if nothing.
        ends: what a last word adds, the same.
    """

    firsts: Tensor
    lasts: Tensor
    starts: Tensor | None = None
    ends: Tensor | None = None

    def block(self, sentences: slice, rows: slice, columns: slice) -> SpanVectors:
        """Those of the cells in some sentences, rows and columns."""
        parts = self.firsts[sentences, rows], self.lasts[sentences, columns]
        if self.starts is None or self.ends is None:
            return SpanVectors(*parts)
        return SpanVectors(*parts, self.starts[sentences, rows], self.ends[sentences, columns])


class SpanScorer(nn.Module):
    """Scores each pair of words as the first and the last one of a span: `s[i, k, j] = [x_i; 1]' W_k [y_j; 1] + v_k' l[j - i]`.

    The last term is what the length of a span says (Zhu and Li 2022, 'Boundary smoothing for named entity recognition'): the
    words of a backbone hardly tell how far they are from each other.

    Args:
        input_size: the width of the word vectors.
        hidden_size: D, the width of the vectors of first and of last words.
        num_classes: K.
        bias: as of `Biaffine`.
        dropout: on the vectors of first and last words.
    """

    def __init__(self, input_size: int, hidden_size: int, num_classes: int, bias: bool, dropout: float) -> None:
        super().__init__()
        self.start = Projection(input_size, hidden_size, "elu", dropout)
        self.end = Projection(input_size, hidden_size, "elu", dropout)
        self.biaffine = Biaffine(hidden_size, num_classes, bias)
        self.lengths = nn.Embedding(_LENGTHS, _LENGTH_SIZE)
        self.by_length = nn.Linear(_LENGTH_SIZE, num_classes, bias=False)
        nn.init.zeros_(self.by_length.weight)
        # Adam moves all of the D^2 weights of a pair at once: unscaled, one step would throw its score far off.
        self.scale = 1 / math.sqrt(hidden_size)

    def forward(self, words: Tensor) -> SpanVectors:
        """What `scores` are made of, from words `(B, L, H)`."""
        return SpanVectors(self.start(words) * self.scale, self.end(words) * self.scale)

    def scores(self, vectors: SpanVectors, offset: int = 0) -> Tensor:
        """The scores `(B, R, K, M)` of each first with each last word.

        Args:
            vectors: of R first words and M last ones.
            offset: how many words the first one of R comes behind the first one of M.
        """
        firsts, lasts, starts, ends = vectors
        rows = torch.arange(firsts.shape[1], device=firsts.device) + offset
        columns = torch.arange(lasts.shape[1], device=firsts.device)
        lengths = (columns - rows.unsqueeze(1)).clamp(0, _LENGTHS - 1)  # (R, M)
        scores = self.biaffine(firsts, lasts) + self.length_scores()[:, lengths].transpose(0, 1)
        if starts is None or ends is None:
            return scores
        scores = full_precision(scores)
        scored = scores[:, :, -starts.shape[-1] :]
        scored.add_(starts.unsqueeze(3)).add_(ends.transpose(1, 2).unsqueeze(1))
        return scores

    def pair_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters that `scores` uses."""
        return chain.from_iterable(part.parameters() for part in (self.biaffine, self.lengths, self.by_length))

    def length_scores(self) -> Tensor:
        """What spans of 1, 2, … words get for their length: `(K, lengths)`."""
        return self.by_length(self.lengths.weight).t()


@MODELS.register(Models.BIAFFINE_NER, supplied_unless_given=("id_to_label",))
class BiaffineNerModel(SpanModel):
    """Scores every span with a biaffine form and takes the best ones (Yu et al. 2020, 'Named entity recognition as
    dependency parsing').

    The arguments that are not listed are those of `SpanModel`.

    Args:
        biaffine_ffnn_size: the width of the vectors of first and last words; -1 for 150, as in the paper.
        biaffine_bias: score first words, last words and types by themselves too.
        multi_label: a span may have several types: each is decided by itself.
        flat_ner: no two entities share a word; false lets one lie in another. None crosses another either way.
        word_scores: add to the score of a span what each of its words says by itself: that it begins, or continues, an entity
            of the type.
        dropout: on word vectors before and after the encoder, and on the vectors of first and last words.
        id_to_label: the types and their ids, instead of the preprocessor's.
    """

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        biaffine_ffnn_size: int = -1,
        biaffine_bias: bool = True,
        multi_label: bool = False,
        flat_ner: bool = True,
        dropout: Rate = 0.0,
        word_dropout: bool | Rate = False,
        variational_dropout: Rate = 0.0,
        word_scores: bool = False,
    ) -> None:
        super().__init__(embedder, id_to_label, encoder, dropout, word_dropout, variational_dropout)
        self.check_arguments({"biaffine_ffnn_size": biaffine_ffnn_size})
        self.multi_label, self.flat_ner = multi_label, flat_ner
        forms: dict[EntityForm, bool] = {"nested": not flat_ner, "several types": multi_label}
        self.entity_forms = frozenset(form for form, is_found in forms.items() if is_found)
        num_types = len(self.id_to_label)
        self.num_classes = num_types if multi_label else num_types + 1
        width = 150 if biaffine_ffnn_size == -1 else biaffine_ffnn_size
        self.scorer = SpanScorer(self.word_size, width, self.num_classes, biaffine_bias, dropout)
        self.word_scores = WordScores(self.word_size, num_types) if word_scores else None
        if biaffine_bias:
            # Nearly no span is an entity: to begin there spares the first steps (Lin et al. 2017, section 3.3).
            odds = math.log((1 - _PRIOR) / _PRIOR)
            with torch.no_grad():
                corner = self.scorer.biaffine.weight[:, -1, -1]
                if multi_label:
                    corner.fill_(-odds)
                else:
                    corner[0] = odds + math.log(max(num_types, 1))

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse a width that is none.

        Raises:
            ModelError: it was given.
        """
        width = arguments.get("biaffine_ffnn_size", -1)
        if width < 1 and width != -1:
            raise ModelError(f"model.biaffine_ffnn_size is {width}; it must be at least 1, or -1 for 150")

    def vectors(self, words: Tensor, mask: Tensor) -> SpanVectors:
        """What scores are made of, from words `(B, L, H)` of which `mask` `(B, L)` tells the real ones."""
        vectors: SpanVectors = self.scorer(words)
        if self.word_scores is None:
            return vectors
        starts, ends = self.word_scores(words, mask)
        return vectors._replace(starts=starts, ends=ends)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The cross entropy of the spans of a sentence, averaged over sentences."""
        words, mask = self.words(batch)
        vectors, every = self.vectors(words, mask), slice(None)
        loss = sum_over_grid(
            lambda sentences, rows: self.scorer.scores(vectors.block(sentences, rows, every), rows.start),
            [*(each for each in vectors if each is not None), *self.scorer.pair_parameters()],
            judged_spans(mask, batch.get("unknown")),
            annotated_cells(batch, 0 if self.multi_label else 1),
            self.num_classes,
            sigmoid_loss if self.multi_label else softmax_loss,
            splits_rows=True,
        )
        return {"loss": loss / max(len(mask), 1)}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The `spans` of each sentence, each with `prob` if asked."""
        candidates = self._candidates(batch, positive_candidates if self.multi_label else best_class_candidates)
        found = take_best(candidates, len(batch["tokens"]["mask"]), "flat" if self.flat_ner else "nested")
        return self.predictions(found, batch, with_prob)

    def decode_candidates(self, batch: Batch, least: float) -> list[Prediction]:
        """All spans of at least some probability, with `prob`, whether they overlap or not."""
        find = partial(probable_candidates, least=least, is_exclusive=not self.multi_label)
        found = take_best(self._candidates(batch, find), len(batch["tokens"]["mask"]), "any")
        return self.predictions(found, batch, with_prob=True)

    def _candidates(self, batch: Batch, find: Callable[[Tensor, Tensor, int], Candidates]) -> Candidates:
        """What is found in the scores of each block of rows."""
        words, mask = self.words(batch)
        vectors, every = self.vectors(words, mask), slice(None)
        classes = self.classes(0 if self.multi_label else 1)
        parts: list[Candidates] = []
        for first, last in row_blocks(mask.shape[1], mask.numel() * self.num_classes):
            scores = self.scorer.scores(vectors.block(every, slice(first, last), slice(first, None)))
            parts.append(find(guide_cells(scores, batch.get("guidance"), classes, first), mask, first))
        return without_context(Candidates.join(parts), batch)

    def upgraded(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The weights of AdaSeq 0.6 under the names of today.

        It used the vectors of its `mlp_start` for last words, and kept the biaffine form as a linear layer.
        """
        old = "scorer.span_biaff.linear.weight"
        if old not in weights:
            return weights
        renamed = dict(weights)
        form = renamed.pop(old)
        size = form.shape[1]
        # There was always a class for no entity, first; vectors were not scaled; and lengths said nothing.
        scales = form.new_ones(size)
        scales[: self.scorer.biaffine.input_size] /= self.scorer.scale
        form = form.view(-1, size, size)[-self.num_classes :].mT * scales * scales.unsqueeze(1)
        renamed["scorer.biaffine.weight"] = form
        for name in ("lengths.weight", "by_length.weight"):
            renamed[f"scorer.{name}"] = torch.zeros_like(self.scorer.get_parameter(name))
        for ours, theirs in (("start", "mlp_end"), ("end", "mlp_start")):
            for kind in ("weight", "bias"):
                renamed[f"scorer.{ours}.linear.{kind}"] = renamed.pop(f"scorer.{theirs}.{kind}")
        return renamed
