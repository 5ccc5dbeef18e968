"""Static word vectors: learned from scratch, or read from a file of vectors."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from adaseq.errors import MissingError, ModelError
from adaseq.metainfo import Embedders, Inputs
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import EMBEDDERS
from adaseq.utils.ranges import Count, Natural, NonNegative, Rate
from adaseq.utils.word_forms import Form, other_forms
from adaseq.utils.word_vectors import find_vector_file, read_vectors

logger = logging.getLogger(__name__)

_UNKNOWN = "[UNK]"
# What files of vectors call it.
_NAMES_OF_UNKNOWN = (_UNKNOWN, "<unk>", "<UNK>", "unk", "UNK")
_ABOUT_THE_INPUT = ("vocab_file", "embedding_file", "words", "max_vectors", "lookup")
_FROZEN_NOISE = "freeze: true needs an embedding_file with vectors; random vectors must be learned"


@EMBEDDERS.register(Embedders.EMBEDDING, supplied=("vocabulary",))
class Embedding(Embedder):
    """One vector for each word of a vocabulary.

    Args:
        model_name_or_path: folder with `vocab_file` or `embedding_file` or both, or the file of vectors itself; without it
            the vocabulary comes from the training data and the vectors are learned.
        vocab_file: the vocabulary in that folder, one word per line; without it the vocabulary comes from the training data.
        embedding_file: the vectors in that folder: text as of GloVe, word2vec and fastText (a word and its numbers per
            line), or word2vec's binary format; also gzipped.
        embedding_dim: H; 0 takes that of the vector file, or 100 if there is none.
        padding_idx: the id whose vector stays zero.
        freeze: keep the vectors as they are.
        words: `training` knows the words of the training data (or of `vocab_file`); `file` also all others that have a
            vector, which helps with words that are met later.
        max_vectors: read only so many words of the file of vectors, in which the most frequent ones usually come first.
        lookup: under which other forms a word that has no vector, or is not in the vocabulary, is looked for, in order:
            lowercase, capitalised, uppercase, digits (each digit as 0), normalised (NFKC); none by default.
        oov: the vector of a word that is found in no form: `random`, `zero`, or the `mean` of those that are found.
        unknown_rate: the share of words that are taken for unknown ones in training, so that their vector is learned.
        init_std: random vectors are normal with this standard deviation; by default uniform with one of 1 / √H. With 1, words are
            told apart from the first step on, which suits characters.
        vocabulary: the words in the order of their ids.
    """

    def __init__(
        self,
        model_name_or_path: str | None = None,
        vocab_file: str = "vocab.txt",
        embedding_file: str = "embedding.txt",
        embedding_dim: Natural = 0,
        padding_idx: Natural | None = None,
        freeze: bool = False,
        vocabulary: list[str] | None = None,
        words: Literal["training", "file"] = "training",
        max_vectors: Count | None = None,
        lookup: list[Form] | None = None,
        oov: Literal["random", "zero", "mean"] = "random",
        unknown_rate: Rate = 0.0,
        init_std: NonNegative | None = None,
    ) -> None:
        super().__init__()
        if vocabulary is None:
            raise ModelError("an embedding needs the vocabulary of a fitted preprocessor")
        if not 0 <= unknown_rate < 1:
            raise ModelError(f"unknown_rate must be at least 0 and less than 1; received {unknown_rate}")
        path = _vector_file(model_name_or_path, vocab_file, embedding_file)
        wanted = _all_forms(vocabulary, lookup or [])
        vectors, found_dim = read_vectors(path, wanted, max_vectors) if path is not None else ({}, 0)
        self.output_size = embedding_dim or found_dim or 100
        _check_width(embedding_dim, found_dim, path)
        if freeze and not vectors:
            raise ModelError(_FROZEN_NOISE)
        if padding_idx is not None and padding_idx >= len(vocabulary):
            raise ModelError(f"embedder.padding_idx is {padding_idx}, but the vocabulary has {len(vocabulary)} words")
        self.unknown_rate = unknown_rate
        self.unknown_id = vocabulary.index(_UNKNOWN) if _UNKNOWN in vocabulary else 0
        self.embedding = nn.Embedding(len(vocabulary), self.output_size, padding_idx)
        weight, counts = _fill(vocabulary, vectors, lookup or [], oov, self.output_size, init_std)
        if padding_idx is not None:
            weight[padding_idx] = 0
        with torch.no_grad():
            self.embedding.weight.copy_(weight)
        if path is not None:
            logger.info(
                "Word vectors of '%s': %d of the %d words of the vocabulary have one, %d more in another form, %d have none "
                "(oov: %s).",
                path,
                counts[0],
                len(vocabulary),
                counts[1],
                len(vocabulary) - sum(counts),
                oov,
            )
        self.embedding.weight.requires_grad_(not freeze)

    @classmethod
    def input_block(cls, block: Mapping[str, Any]) -> dict[str, Any]:
        """Words, with the options that are about them."""
        options = {key: block[key] for key in _ABOUT_THE_INPUT if key in block}
        return {"type": Inputs.WORDS, "model_dir": block.get("model_name_or_path"), **options}

    @classmethod
    def width_of(cls, block: Mapping[str, Any]) -> int | None:
        """The width of the vectors, as the block or the file of vectors says."""
        path = _vector_file(block["model_name_or_path"], block["vocab_file"], block["embedding_file"])
        return int(block["embedding_dim"]) or (_width_in(path) if path is not None else 0) or 100

    @classmethod
    def check_backbone(cls, block: Mapping[str, Any]) -> None:
        """Refuse a folder without vectors, and vectors of another width.

        Raises:
            ModelError: there are none, or they are.
        """
        path = _vector_file(block["model_name_or_path"], block["vocab_file"], block["embedding_file"])
        if path is not None:
            _check_width(block["embedding_dim"], _width_in(path), path)
        elif block["freeze"]:
            raise ModelError(_FROZEN_NOISE)

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse to keep vectors as they are that come from nowhere.

        Raises:
            ModelError: it was asked for.
        """
        if arguments.get("freeze") and arguments.get("model_name_or_path") is None:
            raise ModelError(_FROZEN_NOISE)

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)`."""
        ids = tokens["input_ids"]
        if self.training and self.unknown_rate:
            ids = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.unknown_rate, self.unknown_id)
        return self.embedding(ids)

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this embedder from a model folder."""
        return {
            **block,
            "model_name_or_path": None,
            "embedding_dim": self.output_size,
            "freeze": False,
            "words": "training",
            "max_vectors": None,
        }


def _vector_file(name_or_path: str | None, vocab_file: str, embedding_file: str) -> Path | None:
    if name_or_path is None:
        return None
    path = find_vector_file(name_or_path, embedding_file)
    if path is None and not (Path(name_or_path) / vocab_file).is_file():
        raise MissingError(
            f"there are no word vectors at '{name_or_path}': it is neither a file of vectors nor a folder with "
            f"'{embedding_file}' or '{vocab_file}' (embedding_file and vocab_file name them)"
        )
    return path


def _width_in(path: Path) -> int:
    """The width of the vectors in a file, which is not read to its end; 0 for an empty one."""
    return read_vectors(path, (), most=1)[1]


def _check_width(wanted: int, found: int, path: Path | None) -> None:
    if path is not None and not found:
        raise ModelError(f"there are no word vectors in '{path}': the file is empty")
    if wanted and found and wanted != found:
        raise ModelError(f"embedding_dim is {wanted}, but the vectors in '{path}' have {found} numbers")


def _all_forms(vocabulary: list[str], lookup: list[Form]) -> set[str]:
    wanted = {*vocabulary, *_NAMES_OF_UNKNOWN}
    if lookup:
        wanted.update(form for word in vocabulary for form in other_forms(word, lookup))
    return wanted


def _fill(
    vocabulary: list[str],
    vectors: dict[str, np.ndarray],
    lookup: list[Form],
    oov: str,
    dim: int,
    init_std: float | None,
) -> tuple[Tensor, tuple[int, int]]:
    """The table `(V, H)`, and how many words were found as they are and in another form."""
    if init_std is None:
        bound = (3 / dim) ** 0.5
        table = torch.empty(len(vocabulary), dim).uniform_(-bound, bound)
    else:
        table = torch.randn(len(vocabulary), dim) * init_std
    if oov == "zero" and vectors:
        table.zero_()
    elif oov == "mean" and vectors:
        table[:] = torch.from_numpy(np.mean(list(vectors.values()), axis=0))
    exact = other = 0
    for row, word in enumerate(vocabulary):
        if word in vectors:
            table[row] = torch.from_numpy(vectors[word])
            exact += 1
            continue
        names = _NAMES_OF_UNKNOWN if word == _UNKNOWN else other_forms(word, lookup)
        form = next((each for each in names if each in vectors), None)
        if form is not None:
            table[row] = torch.from_numpy(vectors[form])
            other += 1
    return table, (exact, other)
