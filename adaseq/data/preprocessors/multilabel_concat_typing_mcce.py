"""Features for typing one mention at a time among candidates that are part of the sequence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from adaseq.data.preprocessors.base import Features
from adaseq.data.preprocessors.multilabel_concat_typing import MultiLabelConcatTypingPreprocessor, Row
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.ranges import Count, Names, Natural


@PREPROCESSORS.register(
    Preprocessors.CONCAT_TYPING_MCCE,
    supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter"),
)
class MultiLabelConcatTypingMCCEPreprocessor(MultiLabelConcatTypingPreprocessor):
    """Encodes each mention in a sequence of its own, with the candidates for its types behind it ([CLS] text [SEP] mention [SEP]
    candidates; MCCE, Jiang et al. 2022, 'Recall, expand and multi-candidate cross-encode', section 4).

    Each type is one piece, which is added to those of the backbone, or one word of the vocabulary. The candidates are in the
    order in which they are given; the model shuffles them in training.

    It adds to each row `candidates` int32, the ids of the types that are candidates, and `candidate_start`, the place of the
    first of them among the words of the row.

    The arguments that are not listed are those of `MultiLabelConcatTypingPreprocessor`.

    Args:
        max_length: the most pieces (special tokens, mention and candidates included) in a sequence, or words without a
            backbone. By default 512, or less if the backbone takes less.
        cand_size: the most candidates of a mention, of which the first are taken; -1 for all. A mention without candidates of
            its own has all types for candidates.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        is_word2vec: bool = False,
        labels: Names | None = None,
        label_to_id: dict[str, int] | None = None,
        max_length: Count | None = None,
        cand_size: int = -1,
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
            labels,
            label_to_id,
            max_length,
            add_special_tokens,
            tokenizer_kwargs,
            min_count,
            lowercase,
            text_splitter,
            vocab_file,
        )
        if cand_size != -1 and cand_size < 1:
            raise AdaSeqError(
                f"preprocessor.cand_size must be at least 1, or -1 for all candidates; received {cand_size}"
            )
        self.cand_size = cand_size
        self._names = [f"[type {number}]" for number in range(len(self.labels))]

    @property
    def num_pieces(self) -> int | None:
        """The size of the backbone's vocabulary with the types; None if there is no backbone."""
        return self.tokenizer.num_pieces + len(self.labels) if self.tokenizer else None

    @property
    def label_pieces(self) -> list[list[int]] | None:
        """The pieces of the name of each type; None if there is no backbone."""
        if self.tokenizer is None:
            return None
        return [each.ids.tolist() for each in self.pieces_of([[label.replace("_", " ")] for label in self.labels])]

    def fit(self, sentences: Iterable[Sequence[str]]) -> None:
        """Build the word vocabulary, with the types in it, where there is no backbone."""
        super().fit(sentences)
        if self.vocabulary is not None:
            self.vocabulary.extend(self._names)

    def settings(self) -> list[Any]:
        """What else the features depend on."""
        return [*super().settings(), self.cand_size]

    def limit(self, row: Row) -> int:
        """The most pieces that the text and the mention may have beside the candidates."""
        return self.max_length - len(self._candidates(row))

    def extend(self, features: Features, row: Row, training: bool) -> list[str]:
        """Put the candidates behind the mention."""
        ids = np.asarray(self._candidates(row) if row.words else [], np.int32)
        start = len(features["input_ids"])
        names = [self._names[i] for i in ids]
        if self.tokenizer is None:
            pieces = self._known_vocabulary().ids(names)
        else:
            pieces = self.tokenizer.num_pieces + ids
            where = np.arange(start, start + len(ids), dtype=np.int32)
            features["first_piece"] = np.concatenate([features["first_piece"], where])
            features["last_piece"] = np.concatenate([features["last_piece"], where])
            if len(features["segment_ids"]):
                last = np.full(len(ids), features["segment_ids"][-1], np.int32)
                features["segment_ids"] = np.concatenate([features["segment_ids"], last])
        features["input_ids"] = np.concatenate([features["input_ids"], pieces]).astype(np.int32)
        features.update(candidates=ids, candidate_start=features["num_words"])
        features["num_words"] += len(ids)
        return names

    def _candidates(self, row: Row) -> list[int]:
        """The ids of the candidates of a mention.

        Raises:
            DataError: one is no type.
        """
        given = row.mention.get("candidates")
        count = len(self.labels) if self.cand_size == -1 else self.cand_size
        if given is None:
            return list(range(min(count, len(self.labels))))
        unknown = [each for each in given if each not in self.label_to_id]
        if unknown:
            raise DataError(
                f"the candidate '{unknown[0]}' is not among the labels{nearest(unknown[0], self.label_to_id) or '.'}",
                row.example.origin or None,
            )
        return [self.label_to_id[each] for each in dict.fromkeys(given)][:count]
