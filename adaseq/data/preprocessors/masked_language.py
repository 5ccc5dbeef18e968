"""Features for masked language models: the pieces of raw text, and what its n-grams say about the borders of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.boundary_statistics import BoundaryStatistics
from adaseq.data.example import Example
from adaseq.data.preprocessors.base import Features, Preprocessor
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.ranges import Count, Natural


@PREPROCESSORS.register(
    Preprocessors.MASKED_LANGUAGE, supplied_unless_given=("model_dir", "is_word2vec", "text_splitter")
)
class MaskedLanguagePreprocessor(Preprocessor):
    """Encodes texts for pretraining. Texts that are longer than a sequence are truncated, in evaluation too.

    With `max_ngram`, `fit` counts the n-grams of the training texts (in bounded memory), and each text gets

    * `boundary` float16 `(L * F,)`: the PMI and the entropies of the n-grams around each word, in Chinese around each
      character, as BABERT learns them (Jiang et al. 2022); see `BoundaryStatistics.features`.

    The arguments that are not listed are those of `Preprocessor`.

    Args:
        is_word2vec: without a backbone; there is none to pretrain then.
        max_length: the most pieces (special tokens included) in a sequence. By default 512, or less if the backbone takes
            less.
        lowercase: lower-case words before they are cut into pieces.
        max_ngram: N, the longest n-grams whose statistics are learned; 0 for a masked language model alone.
        min_count: n-grams rarer than this in the training data have no statistics.
        max_ngrams: how many n-grams of each length are kept, the most frequent ones.
    """

    uses_windows = False

    def __init__(
        self,
        model_dir: str | None = None,
        is_word2vec: bool = False,
        max_length: Count | None = None,
        tokenizer_kwargs: dict[str, Any] | None = None,
        lowercase: bool = False,
        text_splitter: str = "word",
        max_ngram: Natural = 4,
        min_count: Natural = 5,
        max_ngrams: Count = 5_000_000,
    ) -> None:
        super().__init__(
            model_dir,
            is_word2vec,
            max_length=max_length,
            tokenizer_kwargs=tokenizer_kwargs,
            min_count=min_count,
            lowercase=lowercase,
            text_splitter=text_splitter,
        )
        if self.tokenizer is None:
            raise AdaSeqError("pretraining needs a backbone to begin with: model.embedder.model_name_or_path")
        mask = self.tokenizer.mask_id
        if mask is None:
            raise AdaSeqError(
                f"the tokenizer of '{model_dir}' has no piece that masks others ([MASK], <mask>): a masked language model "
                "needs one"
            )
        self.mask_piece = mask
        self.statistics = BoundaryStatistics(max_ngram, min_count, max_ngrams) if max_ngram else None
        if self.statistics is not None and model_dir is not None:
            self.statistics.load(Path(model_dir))

    @property
    def boundary_size(self) -> int:
        """How many boundary features each word has."""
        return self.statistics.size if self.statistics else 0

    def fit(self, sentences: Iterable[Sequence[str]]) -> None:
        """Count the n-grams of the training texts; they are gone through twice."""
        super().fit(())
        if self.statistics is not None:
            self.statistics.count(sentences if iter(sentences) is not sentences else list(sentences))

    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The features of a batch of examples; see the class."""
        encoded = self.encode_tokens(examples, training=True)
        if self.statistics is not None and self.statistics.units is not None:
            for features, example in zip(encoded, examples, strict=True):
                boundary = self.statistics.features(example.tokens[: features["num_words"]])
                features["boundary"] = boundary.astype(np.float16).reshape(-1)
        return encoded

    def save(self, folder: Path) -> None:
        """Write the tokenizer and the statistics into a model folder."""
        super().save(folder)
        if self.statistics is not None:
            self.statistics.save(folder)

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this preprocessor from a model folder alone."""
        portable = super().portable_config(block)
        del portable["labels"]
        return portable

    def settings(self) -> list[Any]:
        """What else the features depend on."""
        return [*super().settings(), self.statistics.fingerprint() if self.statistics else None]
