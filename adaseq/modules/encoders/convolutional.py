"""Convolutions over the words of a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from adaseq.errors import ModelError
from adaseq.metainfo import Encoders
from adaseq.modules.encoders.base import Encoder
from adaseq.registry import ENCODERS
from adaseq.utils.ranges import Count, Rate


@ENCODERS.register(Encoders.CNN, supplied_unless_given=("input_size",))
class CNNEncoder(Encoder):
    """Convolutions that keep the length: side by side for several widths, on top of each other for several dilations.

    Each word gets the outputs of all layers, concatenated. With the defaults it is a stack of dilated convolutions (Strubell
    et al. 2017, 'Fast and accurate entity recognition with iterated dilated convolutions'). For text classification
    `{channels: 100, kernel_sizes: [3, 4, 5], dilation: [1]}` with max pooling is the network of Kim 2014, 'Convolutional neural
    networks for sentence classification'.

    Args:
        input_size: the width of the word vectors; by default that of the embedder.
        channels: how many filters each layer has.
        dropout: on the word vectors, of whole features of a sentence.
        dilation: for each layer the distance between the words that a filter sees; by default 1, 2, 3.
        kernel_sizes: how many words a filter sees, 3 by default; each width has layers of its own.
    """

    def __init__(
        self,
        input_size: Count,
        channels: Count = 128,
        dropout: Rate = 0.0,
        dilation: list[int] | None = None,
        kernel_sizes: list[int] | None = None,
    ) -> None:
        super().__init__()
        dilation = [1, 2, 3] if dilation is None else dilation
        kernel_sizes = [3] if kernel_sizes is None else kernel_sizes
        self.check_arguments({"dilation": dilation, "kernel_sizes": kernel_sizes})
        self.dropout = nn.Dropout1d(dropout)
        self.branches = nn.ModuleList(_Branch(input_size, channels, width, dilation) for width in kernel_sizes)
        self.output_size = channels * len(dilation) * len(kernel_sizes)

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse lists that are no lists of sizes.

        Raises:
            ModelError: one is empty, or has a number below 1.
        """
        for name in ("dilation", "kernel_sizes"):
            values = arguments.get(name)
            if values is not None and (not values or min(values) < 1):
                raise ModelError(f"encoder.{name} is {values}; it must be a list of numbers from 1 on")

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """Encode `(B, L, input_size)` to `(B, L, output_size)`; padding counts as zeros."""
        is_word = mask.unsqueeze(1).to(words.dtype)  # (B, 1, L)
        features = self.dropout(words.transpose(1, 2)) * is_word  # (B, H, L)
        return torch.cat([branch(features, is_word) for branch in self.branches], 1).transpose(1, 2)


class _Branch(nn.Module):
    """Convolutions of one width on top of each other.

    Args:
        input_size: the width of the vectors.
        channels: the filters of each layer.
        width: how many words a filter sees.
        dilation: for each layer the distance between these.
    """

    def __init__(self, input_size: int, channels: int, width: int, dilation: list[int]) -> None:
        super().__init__()
        sizes = [input_size, *[channels] * (len(dilation) - 1)]
        self.reaches = [(width - 1) * step for step in dilation]
        self.layers = nn.ModuleList(
            nn.Conv1d(size, channels, width, dilation=step) for size, step in zip(sizes, dilation, strict=True)
        )

    def forward(self, features: Tensor, is_word: Tensor) -> Tensor:
        """From `(B, H, L)` to the outputs of all layers, `(B, channels · layers, L)`; zeros outside words."""
        outputs = []
        for layer, reach in zip(self.layers, self.reaches, strict=True):
            features = torch.relu(layer(pad(features, (reach // 2, reach - reach // 2)))) * is_word
            outputs.append(features)
        return torch.cat(outputs, 1)
