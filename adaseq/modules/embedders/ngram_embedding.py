"""Word vectors from the n-grams that a word is part of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.metainfo import Embedders, Inputs
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import EMBEDDERS
from adaseq.utils.ranges import Count, Natural, Rate


@EMBEDDERS.register(Embedders.NGRAMS, supplied=("num_ngrams",))
class NgramEmbedding(Embedder):
    """The vectors of the n-grams around each word, side by side; for text that is split into characters above all.

    For each n there are those n that contain the word: with n = 2 the pair that ends with it and the one that begins with it.

    Args:
        sizes: each n; by default 2.
        embedding_dim: the width of the vector of an n-gram.
        min_count: n-grams rarer than this in the training data are unknown.
        lowercase: read words in lower case.
        unknown_rate: the share of n-grams that are taken for unknown in training, so that the vector for those that are is
            learned.
        num_ngrams: how many ids there are.
    """

    def __init__(
        self,
        num_ngrams: int,
        sizes: list[Count] | None = None,
        embedding_dim: Count = 50,
        min_count: Natural = 2,
        lowercase: bool = False,
        unknown_rate: Rate = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= unknown_rate < 1:
            raise ModelError(f"unknown_rate must be at least 0 and less than 1; received {unknown_rate}")
        self.unknown_rate = unknown_rate
        self.ngrams = nn.Embedding(num_ngrams, embedding_dim)
        bound = (3 / embedding_dim) ** 0.5
        nn.init.uniform_(self.ngrams.weight, -bound, bound)
        self.output_size = embedding_dim * sum(sizes or [2])

    @classmethod
    def input_block(cls, block: Mapping[str, Any]) -> dict[str, Any]:
        """N-grams, with the options that are about them."""
        return {
            "type": Inputs.NGRAMS,
            **{key: block[key] for key in ("sizes", "min_count", "lowercase") if key in block},
        }

    @classmethod
    def width_of(cls, block: Mapping[str, Any]) -> int | None:
        """The width of the vectors, as the block says."""
        return int(block["embedding_dim"]) * sum(block["sizes"] or [2])

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)`."""
        if "ngram_ids" not in tokens:
            raise ModelError("this model's preprocessor encodes no n-grams, which its embedder reads")
        ids = tokens["ngram_ids"]
        if self.training and self.unknown_rate:
            ids = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.unknown_rate, 0)
        return self.ngrams(ids).flatten(2)
