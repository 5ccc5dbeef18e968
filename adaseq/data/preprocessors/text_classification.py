"""Features for text classification: the whole text, or two, and the label ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adaseq.data.example import Example
from adaseq.data.preprocessors.base import Features
from adaseq.data.preprocessors.whole_text import WholeTextPreprocessor
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.ranges import Count, Names, Natural


@PREPROCESSORS.register(
    Preprocessors.TEXT_CLASSIFICATION,
    supplied=("multi_label",),
    supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter"),
)
class TextClassificationPreprocessor(WholeTextPreprocessor):
    """Encodes a text, or a pair of texts with their segments, for one judgement about the whole.

    To the features of the tokens it adds, for training, `label_ids` int32: the ids of the labels, one or (with several
    labels per text) any number.

    The arguments that are not listed are those of `Preprocessor`.

    Args:
        max_length: the most pieces (special tokens included) in a sequence, or words without a backbone. Training
            truncates to it, of a pair the longer text first; evaluation and prediction use overlapping windows, no longer
            than the longest training example or 128. By default 512, or less if the backbone takes less.
        multi_label: whether a text may have several labels; the model says so.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        is_word2vec: bool = False,
        labels: Names | None = None,
        max_length: Count | None = None,
        window_overlap: Natural | None = None,
        add_special_tokens: bool = True,
        tokenizer_kwargs: dict[str, Any] | None = None,
        min_count: Natural = 1,
        lowercase: bool = False,
        text_splitter: str = "word",
        vocab_file: str = "vocab.txt",
        multi_label: bool = False,
    ) -> None:
        super().__init__(
            model_dir,
            is_word2vec,
            labels,
            max_length,
            window_overlap,
            add_special_tokens,
            tokenizer_kwargs,
            min_count,
            lowercase,
            text_splitter,
            vocab_file,
        )
        self.multi_label = multi_label
        self.id_to_label = dict(enumerate(self.labels))
        self.label_to_id = {label: i for i, label in self.id_to_label.items()}

    def words_of(self, example: Example) -> list[str]:
        """The words of the text, or of both texts."""
        return self.words_of_texts(example.tokens, example.fields.get("pair"))

    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The features of a batch of examples; see the class."""
        encoded = self.encode_texts([(each.tokens, each.fields.get("pair")) for each in examples], training)
        if training:
            for features, example in zip(encoded, examples, strict=True):
                features["label_ids"] = self._label_ids(example)
        return encoded

    def settings(self) -> list[Any]:
        """What else the features depend on."""
        return [*super().settings(), self.multi_label]

    def _label_ids(self, example: Example) -> np.ndarray:
        given = example.fields.get("label")
        labels = [] if given is None else [given] if isinstance(given, str) else list(given)
        if self.multi_label:
            labels = list(dict.fromkeys(labels))
        elif len(labels) > 1:
            raise AdaSeqError(
                f"{example.origin}: a text with {len(labels)} labels: {', '.join(labels)}; if a text may have several, set "
                "model.multi_label: true"
            )
        elif not labels:
            raise DataError("a text without a label cannot be trained on", example.origin or None)
        unknown = [label for label in labels if label not in self.label_to_id]
        if unknown:
            raise DataError(
                f"the label '{unknown[0]}' is not among the labels{nearest(unknown[0], self.labels) or ';'} they are "
                f"{', '.join(self.labels)}",
                example.origin or None,
            )
        return np.asarray([self.label_to_id[label] for label in labels], np.int32)
