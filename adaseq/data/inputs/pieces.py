"""The word pieces of a second backbone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from adaseq.data.data_collators.base import DataCollator
from adaseq.data.example import Example
from adaseq.data.inputs.base import Features, InputEncoder
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
        self._collator = DataCollator(self._tokens.pad_token_id)

    def words_that_fit(self, sentences: Sequence[Sequence[str]]) -> list[int]:
        """How many words of each sentence fit into a sequence."""
        return [each["num_words"] for each in self._encode(sentences, training=True)]

    def encode(self, sentences: Sequence[Sequence[str]], training: bool) -> list[Features]:
        """The features of a preprocessor."""
        return self._encode(sentences, training)

    def collate(self, features: Sequence[Features], longest: int) -> dict[str, torch.Tensor]:
        """The tokens of a collator."""
        return self._collator([{**each, "index": 0} for each in features])["tokens"]

    def fingerprint(self) -> str:
        """That of the preprocessor."""
        return self._tokens.fingerprint()

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files."""
        self._tokens.save(folder)

    def _encode(self, sentences: Sequence[Sequence[str]], training: bool) -> list[Features]:
        examples = [Example(id="", tokens=list(words)) for words in sentences]
        return self._tokens.encode(examples, training)
