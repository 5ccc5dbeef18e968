"""Features for typing one mention at a time: the text, and the mention once more behind it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from adaseq.data import mentions
from adaseq.data.entity_markers import words_to_keep
from adaseq.data.example import Example, Span
from adaseq.data.piece_tokenizer import Pieces
from adaseq.data.preprocessors.base import Features
from adaseq.data.preprocessors.label_order import in_order_of_ids
from adaseq.data.preprocessors.piece_features import cap_words
from adaseq.data.preprocessors.whole_text import SEPARATOR, SUMMARY, WholeTextPreprocessor
from adaseq.data.windows import words_that_fit
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.ranges import Count, Names, Natural

_NOWHERE: Span = {"start": 0, "end": 0, "type": ""}


class Row(NamedTuple):
    """What is encoded for one mention.

    Attributes:
        example: where it is.
        mention: the mention.
        first: the first word of the text that is kept.
        text: the words of the text that are kept.
        words: those of the mention that are put behind them.
    """

    example: Example
    mention: Span
    first: int
    text: list[str]
    words: list[str]


@PREPROCESSORS.register(
    Preprocessors.CONCAT_TYPING,
    supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter"),
)
class MultiLabelConcatTypingPreprocessor(WholeTextPreprocessor):
    """Encodes each mention in a sequence of its own: the text, and behind it the words of the mention ([CLS] text [SEP] mention
    [SEP], as in Jiang et al. 2022, 'Modeling label correlations for ultra-fine entity typing').

    An example may have any number of mentions. Of a text that is too long, in evaluation too, the words around the mention
    are kept; `left_out` says how many words at most a mention of the example does not see.

    The features are those of whole texts for each mention, packed into one dict (see `adaseq.data.mentions`); in each row
    `mention_start` and `mention_end`, where the mention is in the text; and `mentions` int32 `(2 M,)`, where it is in the
    example. For training there are `label_ids` int32, the ids of the types of all mentions, and `label_counts` int32 `(M,)`.
    An example without mentions has an empty row that stands for nothing.

    The arguments that are not listed are those of `Preprocessor`.

    Args:
        labels: the types; by default those of the data.
        label_to_id: the types and their ids, instead of `labels`.
        max_length: the most pieces (special tokens and both occurrences of the mention included) in a sequence, or words
            without a backbone. By default 512, or less if the backbone takes less.
    """

    uses_windows: ClassVar[bool] = False

    def __init__(
        self,
        model_dir: str | None = None,
        is_word2vec: bool = False,
        labels: Names | None = None,
        label_to_id: dict[str, int] | None = None,
        max_length: Count | None = None,
        add_special_tokens: bool = True,
        tokenizer_kwargs: dict[str, Any] | None = None,
        min_count: Natural = 1,
        lowercase: bool = False,
        text_splitter: str = "word",
        vocab_file: str = "vocab.txt",
    ) -> None:
        super().__init__(
            model_dir,
            is_word2vec,
            labels if label_to_id is None else in_order_of_ids(label_to_id),
            max_length,
            0,
            add_special_tokens,
            tokenizer_kwargs,
            min_count,
            lowercase,
            text_splitter,
            vocab_file,
        )
        self.id_to_label = dict(enumerate(self.labels))
        self.label_to_id = {label: i for i, label in self.id_to_label.items()}

    def words_of(self, example: Example) -> list[str]:
        """The words of the text, and what separates it from a mention."""
        return [*example.tokens, SEPARATOR]

    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The features of a batch of examples; see the class."""
        spans = [mentions.mentions_of(example) for example in examples]
        rows = [
            Row(example, span, 0, example.tokens, example.tokens[span["start"] : span["end"]])
            for example, found in zip(examples, spans, strict=True)
            for span in found or [_NOWHERE]
        ]
        encoded = iter(self._encode_rows(rows, training))
        result = []
        for example, found in zip(examples, spans, strict=True):
            own = list(itertools.islice(encoded, max(len(found), 1)))
            features = {"left_out": max(each.pop("left_out") for each in own), "lost_spans": 0}
            features |= {**mentions.pack(own), **mentions.places(found)}
            if training:
                features |= mentions.label_ids(found, self.label_to_id, example.origin)
            result.append(features)
        return result

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this preprocessor from a model folder alone."""
        return {**super().portable_config(block), "label_to_id": None}

    def limit(self, row: Row) -> int:
        """The most pieces, or words, that the text and the mention of a row may have, with what stands around them."""
        return self.max_length

    def extend(self, features: Features, row: Row, training: bool) -> list[str]:
        """Put more behind the mention, and say which words it stands for."""
        return []

    def _encode_rows(self, rows: list[Row], training: bool) -> list[Features]:
        # A mention that nobody is asked about sees nothing either.
        texts = [(row.text, row.words) if row.words else ([], []) for row in rows]
        encoded = self.encode_texts(texts, training=False)
        for number, (row, features) in enumerate(zip(rows, encoded, strict=True)):
            if row.words and self._is_too_long(row, features, training):
                rows[number], encoded[number] = self._clip(row)
        words = []
        for row, features in zip(rows, encoded, strict=True):
            self._place(row, features)
            more = self.extend(features, row, training)
            separator = [SEPARATOR] if features["separator"] >= 0 else []
            text = row.text if row.words else []
            words.append([*[SUMMARY] * features["summaries"], *text, *separator, *row.words, *more])
        self.encode_inputs(encoded, words, training)
        return encoded

    def _add_inputs(self, encoded: Any, texts: Any, training: bool) -> None:
        """Not yet: the words are known only when all is clipped."""

    def _is_too_long(self, row: Row, features: Features, training: bool) -> bool:
        if self.tokenizer is None:
            return training and features["num_words"] > self.limit(row)
        return len(features["stitch"]) > 0 or len(features["input_ids"]) > self.limit(row)

    def _clip(self, row: Row) -> tuple[Row, Features]:
        """What is kept of a text that is too long, and its features."""
        start, end = row.mention["start"], row.mention["end"]
        special = self._templates[1].special if self.tokenizer is not None else 1
        space = self.limit(row) - special
        if space < 2:
            raise AdaSeqError(
                f"preprocessor.max_length is {self.max_length}: no text and no mention fit beside the "
                f"{self.max_length - space} special pieces and candidates; give at least {self.max_length - space + 2}"
            )
        half = max(space // 2, 1)
        pieces = cap_words(self._pieces(row.example.tokens), half)
        costs = np.diff(pieces.starts)
        behind = words_that_fit(pieces.starts, start, half)
        again = range(start, min(behind, end))
        kept = words_to_keep(costs, [(start, end)], space - int(costs[again.start : again.stop].sum()))
        first, last = int(kept[0]), int(kept[-1]) + 1
        tokens = row.example.tokens
        clipped = row._replace(first=first, text=tokens[first:last], words=tokens[again.start : again.stop])
        if self.tokenizer is None:
            features = self._from_words(clipped.text, clipped.words, training=False)
        else:
            parts = (pieces.part(first, last), pieces.part(again.start, again.stop))
            features = self._compose(*parts, self._templates[1], training=True)
        features.update(left_out=len(tokens) - len(kept), mask=np.empty(0, np.bool_))
        return clipped, features

    def _pieces(self, words: Sequence[str]) -> Pieces:
        if self.tokenizer is None:
            return Pieces(np.empty(len(words), np.int32), np.arange(len(words) + 1, dtype=np.int32))
        return self.pieces_of([words])[0]

    @staticmethod
    def _place(row: Row, features: Features) -> None:
        """Say where in its row the mention is."""
        shift, length = features["summaries"], len(row.text)
        start, end = (min(max(row.mention[side] - row.first, 0), length) for side in ("start", "end"))
        features.update(mention_start=start + shift, mention_end=end + shift)

    def fit(self, sentences: Iterable[Sequence[str]]) -> None:
        """Build the word vocabulary, with the separator in it, where there is no backbone."""
        super().fit(sentences)
        if self.vocabulary is not None:
            self.vocabulary.extend([SEPARATOR])
