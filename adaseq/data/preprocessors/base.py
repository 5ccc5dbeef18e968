"""What all preprocessors share: words to pieces or word ids, the length limit, saving and loading."""

from __future__ import annotations

import hashlib
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from adaseq.data.document_context import read_extent
from adaseq.data.example import Context, Example
from adaseq.data.padding import Features
from adaseq.data.piece_tokenizer import FastPieces, Pieces, PieceTokenizer, open_tokenizer
from adaseq.data.preprocessors.label_order import in_order_of_ids
from adaseq.data.preprocessors.piece_features import Frame
from adaseq.data.vocabulary import Vocabulary
from adaseq.errors import AdaSeqError, ModelError
from adaseq.registry import PREPROCESSORS, SPLITTERS, Registry
from adaseq.utils.ranges import Count, Names, Natural

if TYPE_CHECKING:
    from adaseq.data.inputs.base import InputEncoder
    from adaseq.data.inputs.words import WordInput

logger = logging.getLogger(__name__)

DEFAULT_MAX_LENGTH = 512
# Windows that hold fewer pieces would cut too many sentences.
SHORTEST_WINDOW = 128


class Preprocessor(ABC):
    """Turns Examples into Features: arrays without padding, one dict per Example.

    With a pretrained backbone the words are cut into its pieces. Without one they are looked up in a vocabulary, which
    `fit` builds from the training data. The features of the tokens are

    * `input_ids` int32 `(S,)`: piece ids with special tokens, or word ids; of all windows one after the other
    * `first_piece`, `last_piece` int32: for each word of each window the place of its pieces in the window
    * `piece_lengths`, `word_lengths` int32 `(windows,)` and `stitch` int32 `(L,)`: only where there are several windows
    * `num_words`: L, the number of words that the features cover
    * `mask` bool `(L,)`: False for context words; empty when there are none
    * `<name>/<field>`: what the further inputs of the embedder are made of, where there are any

    Args:
        model_dir: folder or name of the backbone whose tokenizer to use; taken from the embedder by default.
        is_word2vec: look whole words up in a vocabulary instead of cutting them into pieces.
        labels: the label types; by default those of the data.
        max_length: the most pieces (special tokens included) in a sequence, or words without a backbone. Training
            truncates to it; evaluation and prediction use overlapping windows, no longer than the longest training example
            or 128. By default 512, or less if the backbone takes less.
        window_overlap: how many pieces two neighbouring windows share; by default a quarter of a window.
        add_special_tokens: put the backbone's special tokens ([CLS] … [SEP]) around the sequence.
        tokenizer_kwargs: options for the tokenizer's `from_pretrained`.
        min_count: words rarer than this in the training data stay out of the vocabulary.
        lowercase: lower-case words before they are cut into pieces or looked up in the vocabulary.
        text_splitter: how raw text becomes words: char, word, blank; by default chosen from the training data.
        vocab_file: the vocabulary file in `model_dir`, when words are looked up.
        context: let the backbone read the words around a sentence in its document: `{left: 64, right: 64}` for 64 words on each
            side, as far as there is room (Schweter and Akbik 2020, 'FLERT'). They are neither labelled nor scored.

    Attributes:
        uses_windows: whether evaluation and prediction see all words of a text of any length.
    """

    registry: ClassVar[Registry] = PREPROCESSORS
    uses_windows: ClassVar[bool] = True

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
        context: dict[str, int] | None = None,
    ) -> None:
        self.labels = list(labels or [])
        self.context = read_extent(context)
        self.min_count, self.lowercase = min_count, lowercase
        self.splitter = SPLITTERS.build(text_splitter)
        self.text_splitter = text_splitter
        self.tokenizer: PieceTokenizer | FastPieces | None = None
        self.vocabulary: Vocabulary | None = None
        self.inputs: dict[str, InputEncoder] = {}
        self._words: WordInput | None = None
        if not is_word2vec and model_dir is not None:
            self.tokenizer = open_tokenizer(model_dir, add_special_tokens, **(tokenizer_kwargs or {}))
        elif model_dir is not None and (Path(model_dir) / vocab_file).is_file():
            self.vocabulary = Vocabulary.load(Path(model_dir), vocab_file, lowercase)
        if self.context is not None and self.tokenizer is None:
            raise AdaSeqError(
                "preprocessor.context is what a backbone reads beside a sentence, and there is none: give "
                "model.embedder.model_name_or_path, or leave the context out"
            )
        self.max_length = self._usable_length(max_length)
        self._has_own_overlap = window_overlap is not None
        self.window_overlap = self._usable_overlap(self.capacity // 4 if window_overlap is None else window_overlap)

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Look up the names among the arguments, before any data is read.

        Raises:
            AdaSeqError: there is no such text splitter, `label_to_id` has gaps, or `context` is no such thing.
        """
        read_extent(arguments.get("context"))
        if arguments.get("text_splitter") is not None:
            SPLITTERS.get(arguments["text_splitter"])
        if arguments.get("label_to_id") is not None:
            in_order_of_ids(arguments["label_to_id"])

    @property
    def capacity(self) -> int:
        """The most pieces of words in a sequence: `max_length` without the special tokens."""
        special = len(self.tokenizer.prefix) + len(self.tokenizer.suffix) if self.tokenizer else 0
        return self.max_length - special

    @property
    def pad_token_id(self) -> int:
        """The id that fills up `input_ids`."""
        return self.tokenizer.pad_id if self.tokenizer else self._known_vocabulary().pad_id

    @property
    def num_pieces(self) -> int | None:
        """The size of the backbone's vocabulary where pieces were added to it; None if it is as it was."""
        return None

    def fit(self, sentences: Iterable[Sequence[str]]) -> None:
        """Build the word vocabulary from the words of the training sentences, where there is no backbone."""
        unfitted = [each for each in self.inputs.values() if not each.is_fitted]
        counted = _counted(sentences, unfitted)
        if self.tokenizer is None and self.vocabulary is None:
            self.vocabulary = Vocabulary.build(counted, self.min_count, self.lowercase)
            if self._words is not None:
                self._words.know(self.vocabulary)
        elif unfitted:
            for _ in counted:
                pass
        for each in unfitted:
            each.finish()

    def connect(self, inputs: Mapping[str, InputEncoder], words: WordInput | None) -> None:
        """Say what the embedder reads beside the pieces or words that every preprocessor encodes; called before `fit`.

        Args:
            inputs: the encoders by the names under which their features and tensors are kept.
            words: the options of the vocabulary, where words are looked up.
        """
        self.inputs = dict(inputs)
        self._words = words if self.tokenizer is None else None
        if self._words is not None and self.vocabulary is not None:
            self._words.know(self.vocabulary)

    def limit_windows(self, longest: int) -> None:
        """Let windows of long texts be no longer than what the model was trained on, since it finds far less in longer ones.

        Args:
            longest: the number of pieces in the longest training example.
        """
        for each in self.inputs.values():
            each.limit_windows(longest)
        length = max(longest, SHORTEST_WINDOW)
        if self.tokenizer is None or not self.uses_windows or length >= self.max_length:
            return
        self.max_length = length
        self.window_overlap = (
            min(self.window_overlap, self.capacity // 2) if self._has_own_overlap else self.capacity // 4
        )

    def set_window_overlap(self, overlap: int) -> None:
        """Let neighbouring windows of a long text share so many pieces from now on.

        Raises:
            AdaSeqError: no window is as long as that, or the model sees a text of any length at once.
        """
        cuts_inputs = [each.set_window_overlap(overlap) for each in self.inputs.values()]
        if not self.uses_windows or (self.tokenizer is None and not any(cuts_inputs)):
            raise AdaSeqError("this model sees a text as a whole: there are no windows for window_overlap")
        if self.tokenizer is not None:
            self.window_overlap = self._usable_overlap(overlap)

    def split(self, text: str) -> tuple[list[str], list[tuple[int, int]]]:
        """Split raw text into words, with their character offsets."""
        return self.splitter.split(text)

    @abstractmethod
    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The features of a batch of examples, one dict for each. Several threads may call it at once.

        Args:
            examples: the examples.
            training: truncate to `max_length` and add the labels; otherwise cut into windows, without labels.
        """

    def encode_tokens(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The token features of a batch of examples. The `context` of an example is encoded around it as far as there is room."""
        sentences: list[list[str]] = [example.tokens for example in examples]
        if training:
            for limit in filter(None, (each.words_that_fit(sentences) for each in self.inputs.values())):
                sentences = [words[:count] for words, count in zip(sentences, limit, strict=True)]
        if self.tokenizer is None:
            encoded = [self._words_to_features(words, training) for words in sentences]
        else:
            frame = Frame.of(self.tokenizer, self.capacity, self.window_overlap)
            encoded = [
                frame.features(each, training, *around)
                for each, around in zip(self.pieces_of(sentences), self._around(examples), strict=True)
            ]
        for features, example in zip(encoded, examples, strict=True):
            mask = example.mask
            covered = features["num_words"]
            is_plain = mask is None or all(mask[:covered])
            features["mask"] = np.empty(0, np.bool_) if is_plain else np.asarray(mask[:covered], np.bool_)  # type: ignore[index]
        covered_words = [words[: features["num_words"]] for words, features in zip(sentences, encoded, strict=True)]
        self.encode_inputs(encoded, covered_words, training, [example.context for example in examples])
        return encoded

    def pieces_of(self, sentences: Sequence[Sequence[str]]) -> list[Pieces]:
        """The pieces of the words of each sentence, in lower case where that is asked for; only with a backbone."""
        assert self.tokenizer is not None
        if self.lowercase:
            sentences = [[word.lower() for word in words] for words in sentences]
        return self.tokenizer.encode(sentences)

    def encode_inputs(
        self,
        encoded: Sequence[Features],
        sentences: Sequence[Sequence[str]],
        training: bool,
        contexts: Sequence[Context] | None = None,
    ) -> None:
        """Add what the further inputs of the embedder make of sentences to their features.

        Args:
            encoded: the features.
            sentences: the words that these stand for.
            training: as in `encode`.
            contexts: the words before and behind each sentence, for encoders whose embedder reads them.
        """
        for name, each in self.inputs.items():
            made = (
                each.encode(sentences, training)
                if contexts is None
                else each.encode_in_context(sentences, contexts, training)
            )
            for features, more in zip(encoded, made, strict=True):
                features.update({f"{name}/{field}": value for field, value in more.items()})

    def words_of(self, example: Example) -> list[str]:
        """The words of an example from which a vocabulary is built."""
        return example.tokens

    def save(self, folder: Path) -> None:
        """Write the tokenizer or the vocabulary into a model folder, and what further inputs need."""
        if self.tokenizer is not None:
            self.tokenizer.save(folder)
        else:
            self._known_vocabulary().save(folder)
        for name, each in self.inputs.items():
            place = folder_of_part(folder, name)
            place.mkdir(parents=True, exist_ok=True)
            each.save(place)

    def save_for_runtime(self, folder: Path) -> None:
        """Write the same in a form that needs no transformers, into an exported folder.

        Raises:
            ModelError: the tokenizer is written in Python.
        """
        if isinstance(self.tokenizer, PieceTokenizer):
            fast = self.tokenizer.without_transformers()
            if fast is None:
                raise ModelError(
                    f"the tokenizer of this model, {type(self.tokenizer.tokenizer).__name__}, is written in Python and cannot be "
                    "used without transformers"
                )
            fast.save(folder)
        elif self.tokenizer is not None:
            self.tokenizer.save(folder)
        else:
            self._known_vocabulary().save(folder)
        for name, each in self.inputs.items():
            place = folder_of_part(folder, name)
            place.mkdir(parents=True, exist_ok=True)
            each.save_for_runtime(place)

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this preprocessor from a model folder alone."""
        portable = {k: v for k, v in block.items() if k not in ("model_dir", "tokenizer_kwargs", "vocab_file")}
        if self.uses_windows:
            portable["window_overlap"] = self.window_overlap
        return {
            **portable,
            "labels": self.labels,
            "max_length": self.max_length,
            "text_splitter": self.text_splitter,
            "is_word2vec": self.tokenizer is None,
        }

    def fingerprint(self) -> str:
        """Changes whenever the features of some example may change."""
        words = self.tokenizer.fingerprint() if self.tokenizer else repr(self._known_vocabulary().words)
        inputs = [[name, each.fingerprint()] for name, each in self.inputs.items()]
        lookup = list(self.vocabulary.lookup) if self.vocabulary else []
        own = self.settings()
        settings = [type(self).__qualname__, self.labels, self.max_length, self.lowercase, inputs, lookup, *own]
        return hashlib.sha256((words + json.dumps(settings, ensure_ascii=False)).encode()).hexdigest()

    def settings(self) -> list[Any]:
        """What else the features depend on; JSON-serialisable."""
        return [self.window_overlap, self.context]

    def class_counts(self, encoded: Iterable[Features]) -> list[int] | None:
        """How often each class is in the training data, in the order of the ids; None if there are no `label_ids`.

        Args:
            encoded: the features of the training data.
        """
        rows = [np.ravel(each["label_ids"]) for each in encoded if "label_ids" in each]
        names = getattr(self, "id_to_label", None)
        if not rows or names is None:
            return None
        ids = np.concatenate(rows)
        return np.bincount(ids[ids >= 0], minlength=len(names)).tolist()

    def _known_vocabulary(self) -> Vocabulary:
        if self.vocabulary is None:
            raise AdaSeqError(
                "the preprocessor has neither a backbone nor a vocabulary: give model.embedder.model_name_or_path, or "
                "call fit() with the training sentences first"
            )
        return self.vocabulary

    def _usable_overlap(self, wanted: int) -> int:
        if not 0 <= wanted < self.capacity:
            raise AdaSeqError(
                f"preprocessor.window_overlap is {wanted}; it must be at least 0 and less than the {self.capacity} pieces "
                "of a window"
            )
        return wanted

    def _usable_length(self, wanted: int | None) -> int:
        limit = self.tokenizer.limit if self.tokenizer else None
        if wanted is None:
            wanted = min(DEFAULT_MAX_LENGTH, limit or DEFAULT_MAX_LENGTH)
        elif limit is not None and wanted > limit:
            logger.warning(
                "preprocessor.max_length is %d, but the backbone takes %d pieces: using %d.", wanted, limit, limit
            )
            wanted = limit
        special = len(self.tokenizer.prefix) + len(self.tokenizer.suffix) if self.tokenizer else 0
        if wanted < special + 1:
            raise AdaSeqError(
                f"preprocessor.max_length is {wanted}: no word fits beside the {special} special tokens; give at least "
                f"{special + 1}"
            )
        return wanted

    def _words_to_features(self, words: Sequence[str], training: bool) -> Features:
        ids = self._known_vocabulary().ids(words[: self.max_length] if training else words)
        return {"input_ids": ids, "num_words": len(ids)}

    def _around(self, examples: Sequence[Example]) -> list[tuple[Pieces | None, Pieces | None]]:
        """The pieces of the words before and behind each example."""
        sides = [side for example in examples for side in example.context or ()]
        if not sides:
            return [(None, None)] * len(examples)
        pieces = iter(self.pieces_of(sides))
        return [(None, None) if each.context is None else (next(pieces), next(pieces)) for each in examples]


def folder_of_part(folder: Path, name: str) -> Path:
    """Where in a model folder the files of a part of the embedder lie.

    Args:
        folder: the model folder.
        name: the part: the numbers of the embedders that lead to it, with dots between them; empty for the embedder itself.
    """
    return folder.joinpath(*(each for number in filter(None, name.split(".")) for each in ("embedders", number)))


def _counted(sentences: Iterable[Sequence[str]], encoders: Sequence[InputEncoder]) -> Iterator[Sequence[str]]:
    """The sentences, each shown to every encoder on its way."""
    for words in sentences:
        for each in encoders:
            each.count(words)
        yield words
