"""Flat, nested and discontinuous named entities, as relations between words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from adaseq.metainfo import Models
from adaseq.models.base import Batch, Prediction
from adaseq.models.guidance import Guidance, raise_cells
from adaseq.models.spans import SpanModel, annotated_cells
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.grid_losses import row_blocks, softmax_loss, sum_over_grid, touched
from adaseq.modules.word_chains import Chain, find_chains
from adaseq.modules.word_pairs import PairVectors, WordPairScorer, check_convolutions
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Count, Rate

# Longer sentences are seen in windows of so many words, which share the second number with their neighbours.
WINDOW, OVERLAP = 384, 128
# Training: how many numbers may be kept of all grids of a batch; and if they are more, of a block of rows.
_MOST_KEPT, _MOST_OF_BLOCK = 1 << 26, 1 << 23
# Prediction: how many numbers at once.
_MOST_DECODED = 1 << 26
# What part of the pairs is taken to have a relation before anything is learned.
_PRIOR = 0.01

_Link = tuple[int, int, float]
_End = tuple[int, int, int, float]
_Raised = tuple[tuple[int, ...], float]


@MODELS.register(Models.W2NER, supplied_unless_given=("id_to_label",))
class W2NerModel(SpanModel):
    """Finds for each word its next one in an entity, and for tails of entities their heads and types (Li et al. 2022, 'Unified
    named entity recognition as word-word relation classification').

    Its entities may have gaps: such a span has `parts`, its ranges of words. A sentence of more than 384 words is seen in
    windows; entities of up to 64 words are found wherever they are.

    Args:
        embedder: turns pieces or words into word vectors; in the paper the maximum over pieces (`sub_token_mode: w2max`).
        lstm_encoder: runs over the word vectors: `{type: lstm, hidden_size: 256, bidirectional: true}` in the paper; none by
            default.
        cnn_encoder: the convolutions over pairs of words: `{channels: 128, dilation: [1, 2, 3], dropout: 0.5}`.
        dist_emb_size: the width of the vectors of distances between words.
        type_emb_size: the width of the vectors that tell pairs in reading order from others.
        biaffine_size: the width of the vectors of the biaffine form.
        ffnn_hid_size: the width of the layer behind the convolutions.
        emb_dropout: on word vectors.
        out_dropout: before the scores.
        id_to_label: the types and their ids, instead of the preprocessor's.
    """

    entity_forms = frozenset({"nested", "crossing", "discontinuous"})

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        lstm_encoder: Lazy[Encoder] | None = None,
        cnn_encoder: dict[str, Any] | None = None,
        dist_emb_size: Count = 20,
        type_emb_size: Count = 20,
        biaffine_size: Count = 768,
        ffnn_hid_size: Count = 384,
        emb_dropout: Rate = 0.5,
        out_dropout: Rate = 0.33,
    ) -> None:
        self.check_arguments({"cnn_encoder": cnn_encoder})
        super().__init__(embedder, id_to_label, lstm_encoder)
        self.dropout, self.encoded_dropout = nn.Dropout(emb_dropout), nn.Identity()
        self.scorer = WordPairScorer(
            self.word_size,
            len(self.id_to_label) + 2,
            cnn_encoder,
            dist_emb_size,
            type_emb_size,
            biaffine_size,
            ffnn_hid_size,
            out_dropout,
        )
        with torch.no_grad():
            self.scorer.output.bias[0] += math.log((1 - _PRIOR) / _PRIOR * (self.scorer.num_classes - 1))

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse options that the convolutions do not have.

        Raises:
            ModelError: there are some.
        """
        check_convolutions(arguments.get("cnn_encoder"), "model.cnn_encoder")

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The cross entropy of the relations of all pairs of words in a sentence, averaged over sentences."""
        words, mask = self.words(batch)
        kept = self.scorer.draw_features(words)
        # So that the gradient of a part is as large as its sentence.
        by_sentence = words.split(1)
        judged = mask.unsqueeze(2) & mask.unsqueeze(1)
        if "unknown" in batch:
            judged = judged & ~touched(batch["unknown"])

        def score(sentences: slice, rows: slice) -> Tensor:
            vectors = self.scorer(
                torch.cat(by_sentence[sentences]), mask[sentences], None if kept is None else kept[sentences]
            )
            return self.scorer.scores(vectors, rows.start, rows.stop)

        loss = sum_over_grid(
            score,
            [*by_sentence, *self.scorer.parameters()],
            judged,
            annotated_cells(batch, 1),
            self.scorer.cell_size,
            softmax_loss,
            most=_MOST_KEPT,
            most_at_once=_MOST_OF_BLOCK,
            splits_rows=True,
        )
        return {"loss": loss / max(len(mask), 1)}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The `spans` of each sentence, each with `prob` if asked; those with gaps have `parts`."""
        return self._found(batch, None, with_prob)

    def decode_candidates(self, batch: Batch, least: float) -> list[Prediction]:
        """All entities of at least some probability, with `prob`: that all of their relations hold."""
        return self._found(batch, least, with_prob=True)

    def _found(self, batch: Batch, least: float | None, with_prob: bool) -> list[Prediction]:
        words, mask = self.words(batch)
        vectors = self.scorer(words, mask)
        guidance = batch.get("guidance")
        found: list[list[Chain]] = [[] for _ in range(len(mask))]
        for start, end, first_own, last_own in _windows(mask.shape[1]):
            raised = [] if guidance is None else self._raised(guidance.window(start, end))
            bonus = None if guidance is None else guidance.bonus
            chains_of_window = self._chains(vectors.window(start, end), _Wish(raised, bonus is None, least))
            for number, chains in enumerate(chains_of_window):
                shifted = (Chain(tuple(word + start for word in each.words), *each[1:]) for each in chains)
                found[number] += [each for each in shifted if first_own <= each.words[0] < last_own]
        places = batch["label_positions"].tolist() if "label_positions" in batch else None
        return [
            {"spans": self._spans(chains, None if places is None else places[number], with_prob)}
            for number, chains in enumerate(found)
        ]

    def _raised(self, guidance: Guidance) -> list[_Raised]:
        """The relations of a dictionary's entries: which cells, and by how much their scores are to be raised."""
        classes = self.classes(2)
        raised: list[_Raised] = []
        for row, matches in enumerate(guidance.matches):
            for start, end, kind in matches:
                cells = [(row, word, 1, word + 1) for word in range(start, end - 1)]
                cells.append((row, end - 1, classes[kind], start))
                raised += [(cell, (guidance.bonus or 0.0) / len(cells)) for cell in cells]
        return raised

    def _chains(self, vectors: PairVectors, wish: _Wish) -> list[list[Chain]]:
        """The entities of each sentence in a window."""
        count, length = vectors.mask.shape
        links: list[list[_Link]] = [[] for _ in range(count)]
        ends: list[list[_End]] = [[] for _ in range(count)]
        step = max(_MOST_DECODED // (length * length * self.scorer.cell_size), 1)
        for begin in range(0, count, step):
            part = vectors.of(slice(begin, begin + step))
            for first, last in row_blocks(length, len(part.mask) * length * self.scorer.cell_size, _MOST_DECODED):
                scores = wish.applied(self.scorer.scores(part, first, last), begin, first)  # (B, R, K, L)
                is_pair = part.mask[:, first:last].unsqueeze(2) & part.mask.unsqueeze(1)
                for sentence, row, column, relation, probability in _relations(scores, is_pair, first, wish.least):
                    if relation == 1:
                        links[begin + sentence].append((row, column, probability))
                    else:
                        ends[begin + sentence].append((row, column, relation - 2, probability))
        chains = [find_chains(*each, length) for each in zip(links, ends, strict=True)]
        return [[chain for chain in each if chain.probability >= (wish.least or 0.0)] for each in chains]

    def _spans(self, chains: Sequence[Chain], places: Sequence[int] | None, with_prob: bool) -> list[dict[str, Any]]:
        spans = []
        for words, label, probability in chains:
            parts = _ranges(words if places is None else [places[word] for word in words])
            span: dict[str, Any] = {"start": parts[0][0], "end": parts[-1][1], "type": self.id_to_label[label]}
            if len(parts) > 1:
                span["parts"] = parts
            spans.append({**span, "prob": probability} if with_prob else span)
        return sorted(spans, key=lambda span: (span["start"], span["end"], span["type"], span.get("parts", [])))


class _Wish(NamedTuple):
    """What is asked of the relations in a window.

    Attributes:
        raised: cells whose scores are raised, and by how much.
        is_certain: they are made certain instead.
        least: take all relations of this probability; None takes the best one of each pair of words.
    """

    raised: list[_Raised]
    is_certain: bool
    least: float | None

    def applied(self, scores: Tensor, begin: int, first: int) -> Tensor:
        """The scores of some sentences from `begin` on and rows from `first` on, raised."""
        count, height = scores.shape[:2]
        inside = [
            ((row - begin, word - first, *rest), bonus)
            for (row, word, *rest), bonus in self.raised
            if begin <= row < begin + count and first <= word < first + height
        ]
        cells = [cell for cell, _ in inside]
        return raise_cells(scores, cells, None if self.is_certain else [bonus for _, bonus in inside])


def _relations(
    scores: Tensor, is_pair: Tensor, first: int, least: float | None
) -> Iterator[tuple[int, int, int, int, float]]:
    """Sentence, row, column, class and probability of the relations in some rows.

    Args:
        scores: `(B, R, K, L)`.
        is_pair: `(B, R, L)`.
        first: the first row.
        least: as of `_Wish`.
    """
    if least is None:
        is_related = (scores[:, :, 1:].amax(2) > scores[:, :, 0]) & is_pair
        sentences, rows, columns = is_related.nonzero(as_tuple=True)
        related = scores[sentences, rows, :, columns].float()  # (N, K)
        highest, classes = related.max(1)
        probabilities = (highest - related.logsumexp(1)).exp()
    else:
        table = scores.float().softmax(2)
        sentences, rows, classes, columns = ((table[:, :, 1:] >= least) & is_pair.unsqueeze(2)).nonzero(as_tuple=True)
        classes = classes + 1
        probabilities = table[sentences, rows, classes, columns]
    rows = rows + first
    # Next words stand behind a word, heads are not behind tails: the other halves say nothing.
    is_sensible = (classes == 1) == (columns > rows)
    fields = [each[is_sensible].tolist() for each in (sentences, rows, columns, classes, probabilities)]
    return zip(*fields, strict=True)


def _windows(length: int) -> Iterator[tuple[int, int, int, int]]:
    """The windows of a sentence: first word, end, and the first words of the entities that are taken from it."""
    if length <= WINDOW:
        yield 0, length, 0, length
        return
    step = WINDOW - OVERLAP
    starts = [*range(0, length - WINDOW, step), length - WINDOW]
    cuts = [0, *(start + OVERLAP // 2 for start in starts[1:]), length]
    for number, start in enumerate(starts):
        yield start, start + WINDOW, cuts[number], cuts[number + 1]


def _ranges(words: Sequence[int]) -> list[list[int]]:
    """Words in order as ranges."""
    ranges: list[list[int]] = []
    for word in words:
        if ranges and ranges[-1][1] == word:
            ranges[-1][1] = word + 1
        else:
            ranges.append([word, word + 1])
    return ranges
