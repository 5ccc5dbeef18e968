"""Features for relation extraction: a text with markers around its two entities, and the id of the relation."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from adaseq.data.entity_markers import MARKERS, Marked, Range, mark, words_to_keep
from adaseq.data.example import Example
from adaseq.data.padding import ORIGIN
from adaseq.data.preprocessors.base import Features
from adaseq.data.preprocessors.piece_features import cap_words
from adaseq.data.preprocessors.whole_text import WholeTextPreprocessor
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.metainfo import NO_RELATION, Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.ranges import Count, Names, Natural

_ENTITIES = ("subject", "object")

# The markers are shown to what counts words and their parts as often as these must occur, but not for ever.
_OFTEN = 100


@PREPROCESSORS.register(
    Preprocessors.RELATION_EXTRACTION,
    supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter"),
)
class RelationExtractionPreprocessor(WholeTextPreprocessor):
    """Puts marker words around the subject and the object of a relation (Baldini Soares et al. 2019, 'Matching the blanks').

    The markers `<E> … </E>` and `<O> … </O>` are pieces of their own in the vocabulary. A text that is too long, in
    evaluation too, is cut so that both entities and what is nearest to them remain; `left_out` says how many words are not
    seen. To the features of the tokens it adds `entities` int32 `(4,)`: the places of the four markers among the words, -1 for
    those of an entity that is absent; and for training `label_ids` int32 `(1,)`.

    The arguments that are not listed are those of `Preprocessor`.

    Args:
        labels: the relations; by default those of the data. `None`, which means that there is no relation, comes first.
        max_length: the most pieces (special tokens and markers included) in a sequence, or words without a backbone. By
            default 512, or less if the backbone takes less.
        return_original_view: true also makes features without the context words, for training a model with `multiview: true`.
    """

    uses_windows: ClassVar[bool] = False

    def __init__(
        self,
        model_dir: str | None = None,
        is_word2vec: bool = False,
        labels: Names | None = None,
        max_length: Count | None = None,
        return_original_view: bool | None = None,
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
            sorted(labels or [], key=lambda label: label != NO_RELATION),
            max_length,
            0,
            add_special_tokens,
            tokenizer_kwargs,
            min_count,
            lowercase,
            text_splitter,
            vocab_file,
        )
        self.has_original_view = bool(return_original_view)
        self.id_to_label = dict(enumerate(self.labels))
        self.label_to_id = {label: i for i, label in self.id_to_label.items()}
        # Words are lower-cased after the markers have been put in.
        self.markers = [marker.lower() for marker in MARKERS] if lowercase else list(MARKERS)
        if self.capacity <= len(MARKERS) + 1:
            raise AdaSeqError(
                f"preprocessor.max_length is {self.max_length}: two entities and their {len(MARKERS)} markers do not fit; give "
                f"at least {self.max_length - self.capacity + len(MARKERS) + 2}"
            )
        if self.tokenizer is not None:
            self.tokenizer.add(self.markers)

    @property
    def num_pieces(self) -> int | None:
        """The size of the backbone's vocabulary with the markers; None if there is no backbone."""
        return self.tokenizer.num_pieces if self.tokenizer else None

    def fit(self, sentences: Iterable[Sequence[str]]) -> None:
        """Build the word vocabulary, with the markers in it, where there is no backbone."""
        often = min(max(self.min_count, 1), _OFTEN)
        super().fit(itertools.chain(sentences, itertools.repeat(self.markers, often)))
        if self.vocabulary is not None:
            self.vocabulary.extend(self.markers)

    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The features of a batch of examples; see the class."""
        encoded = self._encode(examples, training)
        if self.has_original_view and training:
            originals = self._encode([_without_context(example) for example in examples], training)
            for features, original in zip(encoded, originals, strict=True):
                features.update({f"{ORIGIN}{key}": value for key, value in original.items()})
        if training:
            for features, example in zip(encoded, examples, strict=True):
                features["label_ids"] = self._label_ids(example)
        return encoded

    def settings(self) -> list[Any]:
        """What else the features depend on."""
        return [*super().settings(), self.has_original_view]

    def _encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        texts = [self._mark(example) for example in examples]
        encoded = self.encode_texts([(text.words, None) for text in texts], training=False)
        for number, features in enumerate(encoded):
            if self._is_too_long(features, training):
                texts[number], encoded[number] = self._clip(examples[number])
        for features, text in zip(encoded, texts, strict=True):
            shift = features["summaries"]
            features["entities"] = np.asarray([p + shift if p >= 0 else -1 for p in text.places], np.int32)
        return encoded

    def _mark(self, example: Example, kept: np.ndarray | None = None) -> Marked:
        """The words of an example with markers, all of them or some."""
        words = [self._harmless(word) for word in example.tokens]
        subject, object = (_entity(example, name) for name in _ENTITIES)
        if kept is not None:
            words = [words[place] for place in kept]
            subject, object = _moved(subject, kept), _moved(object, kept)
        return mark(words, subject, object, self.markers)

    def _harmless(self, word: str) -> str:
        """The word, in such a form that no marker is in it, which text may contain by chance."""
        if "<" in word:
            for marker in (*MARKERS, *self.markers):
                word = word.replace(marker, " ".join(marker)) if marker in word else word
        return word

    def _is_too_long(self, features: Features, training: bool) -> bool:
        if self.tokenizer is None:
            return training and features["num_words"] > self.max_length
        return len(features["stitch"]) > 0

    def _clip(self, example: Example) -> tuple[Marked, Features]:
        """The text and features of what can be kept of an example that is too long."""
        entities = [entity for name in _ENTITIES if (entity := _entity(example, name)) is not None]
        space = self.capacity - 2 * len(entities)
        if self.tokenizer is None:
            kept = words_to_keep(np.ones(len(example.tokens), np.int64), entities, space)
            text = self._mark(example, kept)
            features = self._from_words(text.words, None, training=False)
        else:
            # A word that alone would leave no room for the other entity is cut.
            longest = max(space // 2, 1)
            costs = np.diff(self.pieces_of([[self._harmless(word) for word in example.tokens]])[0].starts)
            kept = words_to_keep(np.minimum(costs, longest), entities, space)
            text = self._mark(example, kept)
            pieces = cap_words(self.pieces_of([text.words])[0], longest)
            features = self._compose(pieces, None, self._templates[0], training=True)
        features.update(left_out=len(example.tokens) - len(kept), mask=np.empty(0, np.bool_))
        self._add_inputs([features], [(text.words, None)], training=False)
        return text, features

    def _label_ids(self, example: Example) -> np.ndarray:
        label = example.fields.get("label")
        if label not in self.label_to_id:
            raise DataError(
                f"the relation '{label}' is not among the labels{nearest(str(label), self.labels) or ';'} they are "
                f"{', '.join(self.labels)}",
                example.origin or None,
            )
        return np.asarray([self.label_to_id[label]], np.int32)


def _entity(example: Example, name: str) -> Range | None:
    """The words of the subject or the object.

    Raises:
        DataError: there are no such words.
    """
    given = example.fields.get(name)
    if given is None:
        return None
    start, end = int(given[0]), int(given[1])
    if not 0 <= start < end <= len(example.tokens):
        raise DataError(
            f"the {name} is from word {start} to word {end}, which the {len(example.tokens)} words do not have",
            example.origin or None,
        )
    return start, end


def _moved(entity: Range | None, kept: np.ndarray) -> Range | None:
    """Where an entity is among the words that were kept."""
    if entity is None:
        return None
    start, end = np.searchsorted(kept, entity).tolist()
    return (start, end) if start < end else None


def _without_context(example: Example) -> Example:
    """The example without the words that are context only; those of the entities always stay."""
    if example.mask is None:
        return example
    is_kept = np.asarray(example.mask, np.bool_)
    fields = dict(example.fields)
    for name in _ENTITIES:
        entity = _entity(example, name)
        if entity is not None:
            is_kept[entity[0] : entity[1]] = True
    kept = np.flatnonzero(is_kept)
    for name in _ENTITIES:
        entity = _moved(_entity(example, name), kept)
        if entity is not None:
            fields[name] = list(entity)
    return Example(example.id, [example.tokens[i] for i in kept], origin=example.origin, fields=fields)
