"""Word vectors from hand-made features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.metainfo import Embedders, Inputs
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import EMBEDDERS
from adaseq.utils.ranges import Count, Natural

_ABOUT_THE_INPUT = ("shape", "prefixes", "suffixes", "gazetteers", "gazetteer_lowercase", "min_count")
_NO_FEATURE = "word-features has no feature: give shape: true, prefixes, suffixes or gazetteers"


@EMBEDDERS.register(Embedders.WORD_FEATURES, supplied=("feature_sizes",))
class WordFeatures(Embedder):
    """The vectors of the features of each word, side by side.

    Args:
        shape: the kinds of a word's characters, equal neighbours once: `Xx-d` for `Covid-19`.
        prefixes: the lengths of prefixes, such as `[1, 2, 3]`; compared in lower case.
        suffixes: the lengths of suffixes.
        gazetteers: files with a name per line, by a name for each list; the feature says whether a word begins, continues,
            ends or is a name of it. White space in names does not count.
        gazetteer_lowercase: find names in any case.
        embedding_dim: the width of the vector of a feature.
        min_count: shapes and affixes rarer than this in the training data are unknown.
        feature_sizes: how many values each feature has.
    """

    offsets: Tensor

    def __init__(
        self,
        feature_sizes: list[int],
        shape: bool = True,
        prefixes: list[Count] | None = None,
        suffixes: list[Count] | None = None,
        gazetteers: dict[str, str] | None = None,
        gazetteer_lowercase: bool = False,
        embedding_dim: Count = 16,
        min_count: Natural = 2,
    ) -> None:
        super().__init__()
        if not feature_sizes:
            raise ModelError(_NO_FEATURE)
        self.features = nn.Embedding(sum(feature_sizes), embedding_dim)
        bound = (3 / embedding_dim) ** 0.5
        nn.init.uniform_(self.features.weight, -bound, bound)
        starts = torch.tensor([0, *feature_sizes[:-1]]).cumsum(0)
        self.register_buffer("offsets", starts, persistent=False)
        self.output_size = embedding_dim * len(feature_sizes)

    @classmethod
    def input_block(cls, block: Mapping[str, Any]) -> dict[str, Any]:
        """Word features, with the options that are about them."""
        return {"type": Inputs.WORD_FEATURES, **{key: block[key] for key in _ABOUT_THE_INPUT if key in block}}

    @classmethod
    def width_of(cls, block: Mapping[str, Any]) -> int | None:
        """The width of the vectors, as the block says."""
        lists = [block[name] or () for name in ("prefixes", "suffixes", "gazetteers")]
        return int(block["embedding_dim"]) * (bool(block["shape"]) + sum(map(len, lists)))

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse an embedder without any feature.

        Raises:
            ModelError: it is one.
        """
        if not any(arguments.get(name) for name in ("shape", "prefixes", "suffixes", "gazetteers")):
            raise ModelError(_NO_FEATURE)

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)`."""
        if "feature_ids" not in tokens:
            raise ModelError("this model's preprocessor makes no features of words, which its embedder reads")
        return self.features(tokens["feature_ids"] + self.offsets).flatten(2)

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this embedder from a model folder, where the names of the lists are."""
        return {**block, "gazetteers": None}
