"""What every input encoder promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from adaseq.data.example import Context
from adaseq.data.padding import Features
from adaseq.registry import INPUTS, Registry


class InputEncoder(ABC):
    """Turns the words of sentences into the numbers that an embedder reads.

    An embedder class names the encoder that it needs (`Embedder.input_block`). The preprocessor runs it once over the
    data, beside the pieces or words that it encodes anyway; the collator makes tensors; the embedder finds them in the
    `tokens` that it gets. What the encoder has learned from the training data lies in the model folder.
    """

    registry: ClassVar[Registry] = INPUTS

    @property
    def is_fitted(self) -> bool:
        """Whether `count` and `finish` need not be called any more."""
        return True

    def count(self, words: Sequence[str]) -> None:
        """Note what there is in a sentence of the training data."""

    def finish(self) -> None:
        """Called when every training sentence was counted."""

    def words_that_fit(self, sentences: Sequence[Sequence[str]]) -> list[int] | None:
        """How many words of each sentence a training example can have; None if that is not limited."""
        return None

    @abstractmethod
    def encode(self, sentences: Sequence[Sequence[str]], training: bool) -> list[Features]:
        """For each sentence arrays without padding, or plain numbers."""

    def encode_in_context(
        self, sentences: Sequence[Sequence[str]], contexts: Sequence[Context], training: bool
    ) -> list[Features]:
        """What `encode` makes, by an embedder that reads the words around a sentence too.

        Args:
            sentences: the words.
            contexts: the words before and behind each sentence in its document; None where they do not matter.
            training: as of `encode`.
        """
        return self.encode(sentences, training)

    @abstractmethod
    def collate(self, features: Sequence[Features], longest: int) -> dict[str, np.ndarray]:
        """The arrays of a batch, of which the collator makes tensors.

        Args:
            features: what `encode` made of B sentences.
            longest: L, the number of words of the longest sentence, at least 1.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """Changes whenever the features of some sentence may change."""

    def save(self, folder: Path) -> None:
        """Write what was learned into a folder."""

    def save_for_runtime(self, folder: Path) -> None:
        """Write what prediction without transformers needs into a folder; `load` or the constructor reads it there."""
        self.save(folder)

    def load(self, folder: Path) -> None:
        """Read it again; the encoder is fitted then."""

    def supplies(self) -> dict[str, Any]:
        """Constructor arguments that the embedder declares as `supplied`: the size of its tables, for example."""
        return {}

    def limit_windows(self, longest: int) -> None:
        """Let windows of long texts be no longer than so many pieces, where texts are cut into windows."""

    def set_window_overlap(self, overlap: int) -> bool:
        """Let neighbouring windows of a long text share so many pieces from now on.

        Returns:
            Whether it cuts texts into windows at all.
        """
        return False
