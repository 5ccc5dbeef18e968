"""Vectors of spans, made of those of their first and last words."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from adaseq.metainfo import Encoders
from adaseq.modules.encoders.base import Encoder
from adaseq.registry import ENCODERS
from adaseq.utils.ranges import Count


@ENCODERS.register(Encoders.SPAN, supplied_unless_given=("input_size",))
class SpanEncoder(Encoder):
    """Looks at the first and the last word of a span, each through a linear layer of its own.

    Models of spans ask it for the vectors of their spans. Among the words of a tagger each word is a span by itself.

    Args:
        input_size: H, the width of the word vectors; by default that of the embedder.
        encode_span_method: concat, the two vectors side by side.
        add_span_linear: false takes the word vectors as they are.
        span_hidden_size: the width of each of the two vectors; by default that of the word vectors.
        use_biaffine: the two vectors stay apart, for a model that scores pairs.
        input_dim: another name of `input_size`.
    """

    def __init__(
        self,
        input_size: Count,
        encode_span_method: Literal["concat"] = "concat",
        add_span_linear: bool = True,
        span_hidden_size: Count | None = None,
        use_biaffine: bool = False,
        input_dim: Count | None = None,
    ) -> None:
        super().__init__()
        if encode_span_method != "concat":
            raise ValueError(f"encode_span_method must be 'concat', received {encode_span_method!r}")
        size = input_size if input_dim is None else input_dim
        self.hidden_size = (span_hidden_size or size) if add_span_linear else size
        self.start_linear_mapping: nn.Module = nn.Identity()
        self.end_linear_mapping: nn.Module = nn.Identity()
        if add_span_linear:
            self.start_linear_mapping = nn.Linear(size, self.hidden_size)
            self.end_linear_mapping = nn.Linear(size, self.hidden_size)
        self.use_biaffine = use_biaffine
        self.output_size = 2 * self.hidden_size

    def pairs(self, first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """The two vectors `(…, D)` of spans, from those of their first and last words `(…, H)`."""
        return self.start_linear_mapping(first), self.end_linear_mapping(last)

    def spans(self, first: Tensor, last: Tensor) -> Tensor:
        """The vectors `(…, 2 D)` of spans, from those of their first and last words `(…, H)`."""
        return torch.cat(self.pairs(first, last), -1)

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """The vectors `(B, L, 2 D)` of the spans of one word."""
        return self.spans(words, words)
