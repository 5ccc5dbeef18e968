"""Whole words, looked up in a vocabulary."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.inputs.base import Features, InputEncoder
from adaseq.data.padding import pad_rows
from adaseq.data.vocabulary import VOCABULARY_FILE, Vocabulary
from adaseq.metainfo import Inputs
from adaseq.registry import INPUTS
from adaseq.utils.word_vectors import find_vector_file, read_words


@INPUTS.register(Inputs.WORDS, supplied=("lowercase", "min_count"))
class WordInput(InputEncoder):
    """The id of each word: `input_ids` (B, L).

    Args:
        model_dir: a folder with a vocabulary or vectors, or a file of vectors; none builds the vocabulary from the training
            data alone.
        vocab_file: the vocabulary in that folder.
        embedding_file: the vectors in that folder.
        words: `training` knows the words of the training data, `file` also those that have a vector.
        max_vectors: take only so many words from the file of vectors, which begins with the most frequent ones.
        lookup: other forms under which a word that is not known is looked for: lowercase, capitalised, uppercase, digits
            (each digit as 0), normalised (NFKC).
        lowercase: look words up in lower case.
        min_count: words rarer than this in the training data stay out of the vocabulary.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        vocab_file: str = VOCABULARY_FILE,
        embedding_file: str = "embedding.txt",
        words: str = "training",
        max_vectors: int | None = None,
        lookup: list[str] | None = None,
        lowercase: bool = False,
        min_count: int = 1,
    ) -> None:
        self.words, self.max_vectors, self.lookup = words, max_vectors, tuple(lookup or ())
        self.lowercase, self.min_count = lowercase, min_count
        self.vectors = find_vector_file(model_dir, embedding_file) if model_dir is not None else None
        self.vocabulary: Vocabulary | None = None
        self._counts: Counter[str] = Counter()
        if model_dir is not None and (Path(model_dir) / vocab_file).is_file():
            self.know(Vocabulary.load(Path(model_dir), vocab_file, lowercase))

    @property
    def is_fitted(self) -> bool:
        """Whether the vocabulary is known."""
        return self.vocabulary is not None

    def count(self, words: Sequence[str]) -> None:
        """Count the words of a sentence."""
        self._counts.update(word.lower() for word in words) if self.lowercase else self._counts.update(words)

    def finish(self) -> None:
        """Number the words, the most frequent first."""
        self.know(Vocabulary.from_counts(self._counts, self.min_count, self.lowercase))
        self._counts.clear()

    def know(self, vocabulary: Vocabulary, is_complete: bool = False) -> Vocabulary:
        """Take a vocabulary and give it the options of this encoder.

        Args:
            vocabulary: the words.
            is_complete: whether the words of the file of vectors are in it already.
        """
        if self.words == "file" and self.vectors is not None and not is_complete:
            vocabulary.extend(read_words(self.vectors, self.max_vectors))
        vocabulary.lookup = self.lookup
        self.vocabulary = vocabulary
        return vocabulary

    def encode(self, sentences: Sequence[Sequence[str]], training: bool) -> list[Features]:
        """`input_ids` int32 `(L,)`."""
        return [{"input_ids": self._known().ids(words)} for words in sentences]

    def collate(self, features: Sequence[Features], longest: int) -> dict[str, np.ndarray]:
        """`input_ids` `(B, L)` int64."""
        return {"input_ids": pad_rows([each["input_ids"] for each in features], self._known().pad_id, longest)}

    def fingerprint(self) -> str:
        """Changes with the words and the options."""
        known = json.dumps([self._known().words, self.lowercase, self.lookup])
        return hashlib.sha256(known.encode(errors="surrogatepass")).hexdigest()

    def save(self, folder: Path) -> None:
        """Write the vocabulary."""
        self._known().save(folder)

    def load(self, folder: Path) -> None:
        """Read it again."""
        self.know(Vocabulary.load(folder, lowercase=self.lowercase), is_complete=True)

    def supplies(self) -> dict[str, Any]:
        """The words in the order of their ids."""
        return {"vocabulary": self._known().words}

    def _known(self) -> Vocabulary:
        assert self.vocabulary is not None, "the input encoder has to be fitted first"
        return self.vocabulary
