"""The word pieces of a second backbone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.example import Example
from adaseq.data.inputs.base import Context, Features, InputEncoder
from adaseq.data.padding import token_arrays
from adaseq.data.preprocessors.base import Preprocessor
from adaseq.metainfo import Inputs
from adaseq.registry import INPUTS


class _TokensAlone(Preprocessor):
    """A preprocessor without labels."""

    def encode(self, examples: Sequence[Example], training: bool) -> list[Features]:
        """The token features."""
        return self.encode_tokens(examples, training)


@INPUTS.register(Inputs.PIECES, supplied=("max_length", "lowercase"))
class PieceInput(InputEncoder):
    """What a preprocessor makes for a backbone, with a tokenizer of its own: see `Preprocessor` and `DataCollator`.

    Args:
        model_dir: folder or name of the backbone.
        tokenizer_kwargs: options for the tokenizer's `from_pretrained`.
        max_length: the most pieces in a sequence; less if the backbone takes less.
        lowercase: lower-case words before they are cut into pieces.
    """

    def __init__(
        self,
        model_dir: str,
        tokenizer_kwargs: dict[str, Any] | None = None,
        max_length: int | None = None,
        lowercase: bool = False,
    ) -> None:
        self._tokens = _TokensAlone(
            model_dir,
            max_length=max_length,
            lowercase=lowercase,
            tokenizer_kwargs=tokenizer_kwargs,
        )

    def words_that_fit(self, sentences: Sequence[Sequence[str]]) -> list[int]:
        """How many words of each sentence fit into a sequence."""
        return [each["num_words"] for each in self.encode(sentences, training=True)]

    def encode(self, sentences: Sequence[Sequence[str]], training: bool) -> list[Features]:
        """The features of a preprocessor."""
        return self.encode_in_context(sentences, [None] * len(sentences), training)

    def encode_in_context(
        self, sentences: Sequence[Sequence[str]], contexts: Sequence[Context], training: bool
    ) -> list[Features]:
        """The features of a preprocessor, whose pieces include those of the context as far as there is room."""
        examples = [
            Example(id="", tokens=list(words), context=context)
            for words, context in zip(sentences, contexts, strict=True)
        ]
        return self._tokens.encode(examples, training)

    def collate(self, features: Sequence[Features], longest: int) -> dict[str, np.ndarray]:
        """The tokens of a collator."""
        return token_arrays(features, self._tokens.pad_token_id)

    def fingerprint(self) -> str:
        """That of the preprocessor."""
        return self._tokens.fingerprint()

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files."""
        self._tokens.save(folder)

    def save_for_runtime(self, folder: Path) -> None:
        """Write the tokenizer in a form that needs no transformers."""
        self._tokens.save_for_runtime(folder)

    def limit_windows(self, longest: int) -> None:
        """Let its windows be no longer than that."""
        self._tokens.limit_windows(longest)

    def set_window_overlap(self, overlap: int) -> bool:
        """Set it; True."""
        self._tokens.set_window_overlap(overlap)
        return True
