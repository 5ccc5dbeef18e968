"""Features for the model that learns mentions, their types, and to look for types that it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adaseq.data.example import Example, labels_of_span
from adaseq.data.preprocessors.twostage import TwostagePreprocessor
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.ranges import Count, Names, Natural
from adaseq.utils.tag_schemes import PARTIAL


@PREPROCESSORS.register(
    Preprocessors.PRETRAINING, supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter")
)
class PretrainingPreprocessor(TwostagePreprocessor):
    """The features of two stages. A mention may have several types; a sequence leaves room for a prompt behind the text.

    Args:
        prompts: types to look for in evaluation and prediction, each by a prompt: `text [SEP] type`. They need not be among
            those of the training data. By default mentions are found and typed in two stages.
        type_names: what types are called in prompts, {PER: person, LOC: place}; by default their own names in lower case, with
            blanks for `_`, `-` and `/`.
        prompt_length: the most pieces of a prompt; longer ones are cut.
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
        prompts: list[str] | None = None,
        type_names: dict[str, str] | None = None,
        prompt_length: Count = 8,
    ) -> None:
        if prompt_length < 1:
            raise AdaSeqError(f"preprocessor.prompt_length is {prompt_length}; it must be at least 1")
        self.prompt_length = prompt_length
        self.type_names = dict(type_names or {})
        super().__init__(
            model_dir,
            is_word2vec,
            labels,
            label_to_id,
            max_length,
            window_overlap,
            return_original_view,
            add_special_tokens,
            tokenizer_kwargs,
            min_count,
            lowercase,
            text_splitter,
            vocab_file,
        )
        if prompts and self.tokenizer is None:
            raise AdaSeqError("preprocessor.prompts: a model without a backbone cannot read prompts")
        self.prompts = list(prompts) if prompts else None

    @property
    def capacity(self) -> int:
        """The most pieces of words in a sequence, with room for a prompt."""
        if self.tokenizer is None:
            return super().capacity
        room = self.prompt_length + len(self.tokenizer.suffix)
        if super().capacity <= room:
            raise AdaSeqError(
                f"preprocessor.max_length is {self.max_length}: no word fits beside a prompt, which takes {room} pieces; raise "
                "it, or lower prompt_length"
            )
        return super().capacity - room

    @property
    def prompt_pieces(self) -> dict[str, list[int]] | None:
        """The pieces of the prompts of all types that are learned; None without a backbone."""
        return None if self.tokenizer is None else self.pieces_of_prompts(self.labels)

    @property
    def asked_pieces(self) -> dict[str, list[int]] | None:
        """The pieces of the prompts that evaluation and prediction use; None if they do without."""
        return self.pieces_of_prompts(self.prompts) if self.prompts else None

    def pieces_of_prompts(self, types: Sequence[str]) -> dict[str, list[int]]:
        """The pieces that stand behind a text to ask for a type, by type.

        Args:
            types: any types.

        Raises:
            AdaSeqError: there is no backbone, or a type has no name.
        """
        if self.tokenizer is None:
            raise AdaSeqError("a model without a backbone cannot read prompts")
        names = [self.type_names.get(each, _readable(each)).split() for each in types]
        nameless = [each for each, name in zip(types, names, strict=True) if not name]
        if nameless:
            raise AdaSeqError(f"the type '{nameless[0]}' has no name for a prompt; give one: preprocessor.type_names")
        return {
            each: [*pieces.ids[: self.prompt_length].tolist(), *self.tokenizer.suffix]
            for each, pieces in zip(types, self.tokenizer.encode(names), strict=True)
        }

    @staticmethod
    def _entities(example: Example) -> Iterator[tuple[np.ndarray, str]]:
        """The words of each mention with each of its types."""
        for span in example.spans:
            if span["type"] == PARTIAL:
                continue
            parts = span.get("parts") or [(span["start"], span["end"])]
            words = np.concatenate([np.arange(start, end) for start, end in parts])
            for label in labels_of_span(span):
                yield words, label


def _readable(label: str) -> str:
    for sign in "_-/":
        label = label.replace(sign, " ")
    return label.strip().lower()
