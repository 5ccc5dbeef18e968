"""Features for typing the mentions of a sentence, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adaseq.data import mentions
from adaseq.data.example import Example
from adaseq.data.preprocessors.base import Features, Preprocessor
from adaseq.data.preprocessors.label_order import in_order_of_ids
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.ranges import Count, Names, Natural


@PREPROCESSORS.register(
    Preprocessors.SPAN_TYPING,
    supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter"),
)
class MultiLabelSpanTypingPreprocessor(Preprocessor):
    """Encodes a sentence with any number of mentions, each of which may have any number of types.

    To the token features it adds `mentions` int32 `(2 M,)`: the first word of each mention and the one behind it; and for
    training `label_ids` int32, the ids of the types of all mentions, and `label_counts` int32 `(M,)`. In training a mention
    behind the end of a truncated sentence is left out.

    The arguments that are not listed are those of `Preprocessor`.

    Args:
        labels: the types; by default those of the data.
        label_to_id: the types and their ids, instead of `labels`.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        is_word2vec: bool = False,
        labels: Names | None = None,
        label_to_id: dict[str, int] | None = None,
        max_length: Count | None = None,
        window_overlap: Natural | None = None,
        add_special_tokens: bool = True,
        tokenizer_kwargs: dict[str, Any] | None = None,
        min_count: Natural = 1,
        lowercase: bool = False,
        text_splitter: str = "word",
        vocab_file: str = "vocab.txt",
        context: dict[str, int] | None = None,
    ) -> None:
        super().__init__(
            model_dir,
            is_word2vec,
            labels if label_to_id is None else in_order_of_ids(label_to_id),
            max_length,
            window_overlap,
            add_special_tokens,
            tokenizer_kwargs,
            min_count,
            lowercase,
            text_splitter,
            vocab_file,
            context,
        )
        self.id_to_label = dict(enumerate(self.labels))
        self.label_to_id = {label: i for i, label in self.id_to_label.items()}

    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The features of a batch of examples; see the class."""
        encoded = self.encode_tokens(examples, training)
        for features, example in zip(encoded, examples, strict=True):
            spans = mentions.mentions_of(example)
            if training:
                spans = [span for span in spans if span["end"] <= features["num_words"]]
                features.update(mentions.label_ids(spans, self.label_to_id, example.origin))
            features.update(mentions.places(spans))
        return encoded

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this preprocessor from a model folder alone."""
        return {**super().portable_config(block), "label_to_id": None}
