"""What preprocessors for span models share: the types, and the annotated spans among the labelled words."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from adaseq.data.example import Example
from adaseq.data.preprocessors.base import Features, Preprocessor
from adaseq.data.preprocessors.label_order import in_order_of_ids
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.utils.ranges import Count, Names, Natural
from adaseq.utils.tag_schemes import PARTIAL


class AnnotatedSpan(NamedTuple):
    """An entity by its words, counted among the labelled ones, and its type."""

    words: np.ndarray
    label: int


class SpanPreprocessor(Preprocessor):
    """Numbers the types, and the words that are labelled; context words have no numbers.

    To the token features it adds, for training, `unknown` bool `(T,)`: True for the words of PARTIAL spans, which may belong
    to any entity; empty if there are none. T is L, less the context words.

    The arguments that are not listed are those of `Preprocessor`.

    Args:
        label_to_id: the types and their ids, instead of those that follow from `labels`.
        return_original_view: false masks context words (in no entity, not scored); null takes them for ordinary words, as the
            old AdaSeq did.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        is_word2vec: bool = False,
        labels: Names | None = None,
        label_to_id: dict[str, int] | None = None,
        max_length: Count | None = None,
        window_overlap: Natural | None = None,
        return_original_view: bool | None = False,
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
        if not self.labels:
            raise AdaSeqError("there are no labels: a span model needs annotated spans, or dataset.labels")
        self.masks_context = return_original_view is not None
        self.id_to_label = dict(enumerate(self.labels))
        self.label_to_id = {label: i for i, label in self.id_to_label.items()}

    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The features of a batch of examples; see the class."""
        encoded = self.encode_tokens(examples, training)
        if not self.masks_context:
            for features in encoded:
                features["mask"] = np.empty(0, np.bool_)
        if training:
            for features, example in zip(encoded, examples, strict=True):
                features.update(self._annotation(example, features))
        return encoded

    @abstractmethod
    def label_features(self, spans: list[AnnotatedSpan], unknown: np.ndarray) -> Features:
        """What a model learns from the annotation of a sentence.

        Args:
            spans: the entities, all in all in the sentence as far as it is seen.
            unknown: `(T,)`.
        """

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this preprocessor from a model folder alone."""
        return {**super().portable_config(block), "label_to_id": self.label_to_id}

    def settings(self) -> list[Any]:
        """What else the features depend on."""
        return [*super().settings(), self.masks_context]

    def _annotation(self, example: Example, features: Features) -> Features:
        num_words, mask = features["num_words"], features["mask"]
        is_labelled = mask if len(mask) else np.ones(num_words, np.bool_)
        numbers = np.cumsum(is_labelled) - 1
        unknown = np.zeros(num_words, np.bool_)
        for span in example.spans:
            if span["type"] == PARTIAL:
                unknown[span["start"] : span["end"]] = True
        spans = []
        for words, label in self._entities(example):
            if words[-1] < num_words and is_labelled[words].all():
                spans.append(AnnotatedSpan(numbers[words], self._id_of(label, example)))
        added = self.label_features(spans, unknown[is_labelled])
        return {**added, "unknown": unknown[is_labelled] if unknown.any() else np.empty(0, np.bool_)}

    @staticmethod
    def _entities(example: Example) -> Iterator[tuple[np.ndarray, str]]:
        """The words and the type of each entity."""
        for span in example.spans:
            if span["type"] != PARTIAL:
                parts = span.get("parts") or [(span["start"], span["end"])]
                yield np.concatenate([np.arange(start, end) for start, end in parts]), span["type"]

    def _id_of(self, label: str, example: Example) -> int:
        if label not in self.label_to_id:
            raise DataError(
                f"the type '{label}' of a span is not among the labels{nearest(label, self.labels) or ';'} they are "
                f"{', '.join(self.labels)}",
                example.origin,
            )
        return self.label_to_id[label]


def as_cells(cells: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Rows, columns and classes, one cell behind the other, each cell once: int32 `(3 N,)`."""
    return np.asarray(sorted(set(cells)), np.int32).reshape(-1)


def is_contiguous(span: AnnotatedSpan) -> bool:
    """Whether the words of an entity stand side by side."""
    return int(span.words[-1] - span.words[0]) + 1 == len(span.words)
