"""Features for taggers: one tag per word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from adaseq.data.chunks import add_chunks, check_chunks, cover
from adaseq.data.example import Example, Span, labelled_words
from adaseq.data.padding import ANY_TAG, IGNORED, ORIGIN
from adaseq.data.preprocessors.base import Features, Preprocessor
from adaseq.data.preprocessors.label_order import in_order_of_ids
from adaseq.data.tags import tag_inventory
from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.ranges import Count, Names, Natural
from adaseq.utils.tag_schemes import PARTIAL, find_scheme, spans_to_tags


@PREPROCESSORS.register(
    Preprocessors.SEQUENCE_LABELING,
    supplied=("one_label_per_word",),
    supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter"),
)
class SequenceLabelingPreprocessor(Preprocessor):
    """Tags each word, in a scheme that is chosen apart from the one the data is written in.

    To the token features it adds, for training, `label_ids` int32 `(L,)`: the id of each word's tag, -100 for context
    words, -1 where partial annotation allows any tag; and `allowed` bool `(L * K,)` where it allows only some. With
    `return_original_view: true` the fields `origin/…` are the features of the labelled words alone. With `chunk_size`,
    `num_words` counts the labelled words alone, `chunks` is how many chunks there are, and `mask` has all words.

    The arguments that are not listed are those of `Preprocessor`.

    Args:
        label_to_id: the tags and their ids, instead of those that follow from `labels` and `tag_scheme`.
        tag_scheme: the scheme of the model's tags: BIOES, BIO, BI, BIES, BMES, BILOU, IO, or PLAIN for one label per
            word. By default BIOES, and PLAIN for data that is annotated so.
        return_original_view: false masks context words (no label, no score); true also makes features without them, for a
            model with `multiview: true`; null labels them `O` as the old AdaSeq did.
        chunk_size: for a model with `chunk: true`: cut the context words into parts that fit, beside the sentence and the
            special tokens, into sequences of this many pieces. `max_length` then limits the pieces of the sentence and its
            context in all.
        chunk_num: the most chunks; by default as many as the context takes.
        evaluation_view: evaluation and prediction read the context words as well (`context`), or only the others (`original`).
        one_label_per_word: whether the data has one label per word, without boundaries.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        is_word2vec: bool = False,
        labels: Names | None = None,
        label_to_id: dict[str, int] | None = None,
        tag_scheme: str | None = None,
        max_length: Count | None = None,
        window_overlap: Natural | None = None,
        return_original_view: bool | None = False,
        add_special_tokens: bool = True,
        tokenizer_kwargs: dict[str, Any] | None = None,
        min_count: Natural = 1,
        lowercase: bool = False,
        text_splitter: str = "word",
        vocab_file: str = "vocab.txt",
        one_label_per_word: bool = False,
        chunk_size: int | None = None,
        chunk_num: int | None = None,
        context: dict[str, int] | None = None,
        evaluation_view: Literal["context", "original"] = "context",
    ) -> None:
        chunks = {"chunk_size": chunk_size, "chunk_num": chunk_num}
        check_chunks({**chunks, "context": context, "is_word2vec": is_word2vec})
        super().__init__(
            model_dir,
            is_word2vec,
            labels,
            max_length if chunk_size is None else chunk_size,
            window_overlap,
            add_special_tokens,
            tokenizer_kwargs,
            min_count,
            lowercase,
            text_splitter,
            vocab_file,
            context,
        )
        self.chunk_size, self.chunk_num = chunk_size, chunk_num
        self._most_pieces = None if chunk_size is None else max_length
        self.tag_scheme = find_scheme(tag_scheme or ("PLAIN" if one_label_per_word else "BIOES"))
        self.evaluation_view = evaluation_view
        self.masks_context = not (return_original_view is None and chunk_size is None and evaluation_view == "context")
        self.has_original_view = bool(return_original_view)
        tags = tag_inventory(self.labels, self.tag_scheme) if label_to_id is None else in_order_of_ids(label_to_id)
        self.id_to_label = dict(enumerate(tags))
        self.label_to_id = {tag: i for i, tag in self.id_to_label.items()}
        self._outside = self.label_to_id.get("O")

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Look up the names among the arguments, before any data is read.

        Raises:
            AdaSeqError: there is no such tag scheme or text splitter, `label_to_id` has gaps, or the options for context do not
                fit together.
        """
        Preprocessor.check_arguments(arguments)
        check_chunks(arguments)
        if arguments.get("tag_scheme") is not None:
            find_scheme(arguments["tag_scheme"])

    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The features of a batch of examples; see the class."""
        reads_context = training or self.evaluation_view == "context"
        if reads_context and self.chunk_size is None:
            encoded = self.encode_tokens(examples, training)
        else:
            encoded = self._encode_apart(examples, training, reads_context)
        if not self.masks_context:
            for features in encoded:
                features["mask"] = np.empty(0, np.bool_)
        if self.has_original_view and training:
            self._add_original_view(encoded, examples, training)
        if training:
            for features, example in zip(encoded, examples, strict=True):
                seen = features["num_words"] if self.chunk_size is None else len(example.tokens)
                features.update(self._labels(example, seen, features["mask"]))
        return encoded

    def _add_original_view(self, encoded: Sequence[Features], examples: Sequence[Example], training: bool) -> None:
        """Add the features of the labelled words that each example's features cover, without its context words."""
        views = []
        for features, example in zip(encoded, examples, strict=True):
            mask = features["mask"]
            places = np.flatnonzero(mask).tolist() if len(mask) else range(features["num_words"])
            views.append(Example(example.id, [example.tokens[place] for place in places], context=example.context))
        for features, view in zip(encoded, self.encode_tokens(views, training), strict=True):
            features.update({f"{ORIGIN}{name}": value for name, value in view.items()})

    def _encode_apart(self, examples: Sequence[Example], training: bool, with_chunks: bool) -> list[Features]:
        """The features of the labelled words; the context words, if they are read at all, are in chunks beside them."""
        alone = [Example(each.id, labelled_words(each), context=each.context) for each in examples]
        encoded = self.encode_tokens(alone, training)
        for features, example in zip(encoded, examples, strict=True):
            features["chunks"] = 1
            cover(features, example)
        if with_chunks and self.tokenizer is not None:
            special = len(self.tokenizer.prefix) + len(self.tokenizer.suffix)
            contexts = [_context_words(example) for example in examples]
            for features, context in zip(encoded, self.pieces_of(contexts), strict=True):
                own = len(features["input_ids"]) - special
                most = len(context.ids) if self._most_pieces is None else max(self._most_pieces - special - own, 0)
                add_chunks(features, context.ids[:most], self.capacity - own, self.chunk_num)
        return encoded

    def limit_windows(self, longest: int) -> None:
        """As everywhere; sequences that hold chunks of context stay as long as they were trained."""
        if self.chunk_size is None:
            super().limit_windows(longest)

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this preprocessor from a model folder alone."""
        portable = super().portable_config(block)
        if self.chunk_size is not None:
            portable["max_length"] = self._most_pieces
        return {**portable, "tag_scheme": self.tag_scheme, "label_to_id": self.label_to_id}

    def settings(self) -> list[Any]:
        """What else the features depend on."""
        chunks = [self.chunk_size, self.chunk_num, self._most_pieces]
        context = [self.masks_context, self.has_original_view, self.evaluation_view, *chunks]
        return [*super().settings(), self.tag_scheme, *context, list(self.id_to_label.values())]

    def _labels(self, example: Example, num_words: int, mask: np.ndarray) -> Features:
        annotated = [span for span in example.spans if span["type"] != PARTIAL]
        tags = spans_to_tags(annotated, len(example.tokens), self.tag_scheme)[:num_words]
        partial = [span for span in example.spans if span["type"] == PARTIAL]
        try:
            label_ids = np.fromiter((self.label_to_id[tag] for tag in tags), np.int32, num_words)
        except KeyError as error:
            label_ids = self._lenient_ids(example, tags, mask, partial, str(error.args[0]))
        for span in partial:
            label_ids[span["start"] : span["end"]] = ANY_TAG
        if len(mask):
            label_ids[~mask] = IGNORED
        allowed = [span for span in partial if "allowed" in span and span["start"] < num_words]
        return {
            "label_ids": label_ids,
            "allowed": self._allowed(label_ids, allowed) if allowed else np.empty(0, np.bool_),
        }

    def _lenient_ids(
        self, example: Example, tags: list[str], mask: np.ndarray, partial: list[Span], unknown: str
    ) -> np.ndarray:
        """Ids where some words have no tag of the model: fine for context and partial annotation, else an error."""
        free = ~mask if len(mask) else np.zeros(len(tags), np.bool_)
        for span in partial:
            free[span["start"] : span["end"]] = True
        bad = [i for i, tag in enumerate(tags) if tag not in self.label_to_id and not free[i]]
        if bad and unknown == "O":
            raise AdaSeqError(
                f"{example.origin}: the word '{example.tokens[bad[0]]}' (number {bad[0]}) is in no span, but the tag "
                f"scheme {self.tag_scheme} has no tag for words outside; choose a scheme with O, such as BIOES"
            )
        if bad:
            raise DataError(
                f"the tag '{tags[bad[0]]}' of the word '{example.tokens[bad[0]]}' is not among the labels; they are "
                f"{', '.join(self.labels) or ', '.join(self.label_to_id)}",
                example.origin,
            )
        return np.fromiter((self.label_to_id.get(tag, ANY_TAG) for tag in tags), np.int32, len(tags))

    def _allowed(self, label_ids: np.ndarray, spans: list[Span]) -> np.ndarray:
        """`(L * K,)` the tags that each word may carry."""
        num_words, num_tags = len(label_ids), len(self.id_to_label)
        allowed = np.ones((num_words, num_tags), np.bool_)
        known = label_ids >= 0
        allowed[known] = False
        allowed[known, label_ids[known]] = True
        for span in spans:
            rows = np.zeros((span["end"] - span["start"], num_tags), np.bool_)
            for label in span["allowed"]:
                reading: Span = {"start": 0, "end": len(rows), "type": label}
                for row, tag in enumerate(spans_to_tags([reading], len(rows), self.tag_scheme)):
                    if tag in self.label_to_id:
                        rows[row, self.label_to_id[tag]] = True
            allowed[span["start"] : span["end"]] = rows[: num_words - span["start"]]
        return allowed.reshape(-1)


def _context_words(example: Example) -> list[str]:
    mask = example.mask or [True] * len(example.tokens)
    return [word for word, own in zip(example.tokens, mask, strict=True) if not own]
