"""Static word vectors: learned from scratch, or read from a text file of vectors."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from adaseq.errors import DataError, ModelError
from adaseq.metainfo import Embedders
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import EMBEDDERS

logger = logging.getLogger(__name__)


@EMBEDDERS.register(Embedders.EMBEDDING, supplied=("vocabulary",))
class Embedding(Embedder):
    """One vector for each word of a vocabulary.

    Args:
        model_name_or_path: folder with `vocab_file` and `embedding_file`; without it the vocabulary comes from the
            training data.
        vocab_file: the vocabulary in that folder, one word per line.
        embedding_file: the vectors in that folder: a word and its numbers per line, separated by spaces; a first line
            of two fields is skipped. Words without a vector there keep a random one.
        embedding_dim: H; 0 takes that of the vector file.
        padding_idx: the id whose vector stays zero.
        freeze: keep the vectors of the file as they are.
        vocabulary: the words in the order of their ids.
    """

    def __init__(
        self,
        model_name_or_path: str | None = None,
        vocab_file: str = "vocab.txt",
        embedding_file: str = "embedding.txt",
        embedding_dim: int = 0,
        padding_idx: int | None = None,
        freeze: bool = False,
        vocabulary: list[str] | None = None,
    ) -> None:
        super().__init__()
        if vocabulary is None:
            raise ModelError("an embedding needs the vocabulary of a fitted preprocessor")
        path = Path(model_name_or_path) / embedding_file if model_name_or_path else None
        vectors = read_vectors(path, set(vocabulary)) if path is not None and path.exists() else {}
        found_dim = len(next(iter(vectors.values()))) if vectors else 0
        self.output_size = embedding_dim or found_dim or 100
        if vectors and found_dim != self.output_size:
            raise ModelError(f"embedding_dim is {embedding_dim}, but the vectors in '{path}' have {found_dim} numbers")
        if freeze and not vectors:
            raise ModelError("freeze: true needs an embedding_file with vectors; random vectors must be learned")
        self.embedding = nn.Embedding(len(vocabulary), self.output_size, padding_idx)
        with torch.no_grad():
            nn.init.uniform_(self.embedding.weight, -((3 / self.output_size) ** 0.5), (3 / self.output_size) ** 0.5)
            if padding_idx is not None:
                self.embedding.weight[padding_idx] = 0
            for i, word in enumerate(vocabulary):
                if word in vectors:
                    self.embedding.weight[i] = vectors[word]
        if vectors:
            logger.info("Word vectors for %d of the %d words of the vocabulary.", len(vectors), len(vocabulary))
        self.embedding.weight.requires_grad_(not freeze)

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)`."""
        return self.embedding(tokens["input_ids"])

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this embedder from a model folder."""
        return {**block, "model_name_or_path": None, "embedding_dim": self.output_size, "freeze": False}


def read_vectors(path: Path, words: set[str]) -> dict[str, Tensor]:
    """Read the vectors of some words from a text file in the GloVe or word2vec text format.

    Args:
        path: the file, in UTF-8.
        words: the words to keep; large files are read in constant memory.

    Raises:
        DataError: a line does not have as many numbers as the lines before it; names the line.
    """
    vectors: dict[str, Tensor] = {}
    dim = 0
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for number, line in enumerate(file, 1):
            word, *fields = line.rstrip().split(" ")
            if number == 1 and len(fields) == 1:
                continue
            dim = dim or len(fields)
            if len(fields) != dim:
                raise DataError(f"{len(fields)} numbers behind the word, where lines before have {dim}", path, number)
            if word in words and word not in vectors:
                try:
                    vectors[word] = torch.tensor([float(field) for field in fields])
                except ValueError as error:
                    raise DataError(
                        f"a vector of numbers is expected behind the word ({error})", path, number
                    ) from None
    return vectors
