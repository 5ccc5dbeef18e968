"""Dropout of whole words, and of the same features in all words."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WordDropout(nn.Module):
    """Sets whole word vectors to zero in training; the others are not rescaled.

    Args:
        rate: the share of words.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        _check_rate("word dropout", rate)
        self.rate = rate

    def forward(self, words: Tensor) -> Tensor:
        """Drop words of `(B, L, H)`."""
        if not self.training or self.rate == 0:
            return words
        kept = torch.rand(words.shape[:-1], device=words.device) >= self.rate
        return words * kept.unsqueeze(-1)


class VariationalDropout(nn.Module):
    """Sets the same features to zero in all words of a sentence in training; the others are scaled up.

    Gal and Ghahramani 2016, 'A theoretically grounded application of dropout in recurrent neural networks'.

    Args:
        rate: the share of features.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        _check_rate("variational dropout", rate)
        self.rate = rate

    def forward(self, words: Tensor) -> Tensor:
        """Drop features of `(B, L, H)`."""
        if not self.training or self.rate == 0:
            return words
        kept = torch.rand(len(words), 1, words.shape[-1], device=words.device) >= self.rate
        return words * kept / (1 - self.rate)


def make_dropout(dropout: float, word_dropout: bool | float = False, variational_dropout: float = 0.0) -> nn.Module:
    """The dropout of word vectors that the options of a model ask for.

    Args:
        dropout: the share of single features.
        word_dropout: the share of words; true takes the rate of `dropout` for it, and drops no single features.
        variational_dropout: the share of features that all words of a sentence lose.
    """
    layers: list[nn.Module] = []
    if word_dropout is not True and word_dropout:
        layers.append(WordDropout(float(word_dropout)))
    if variational_dropout:
        layers.append(VariationalDropout(variational_dropout))
    layers.append(WordDropout(dropout) if word_dropout is True else nn.Dropout(dropout))
    return layers[0] if len(layers) == 1 else nn.Sequential(*layers)


def _check_rate(what: str, rate: float) -> None:
    if not 0 <= rate < 1:
        raise ValueError(f"the rate of {what} must be at least 0 and less than 1, received {rate}")
