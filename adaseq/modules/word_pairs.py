"""The network over pairs of words of W2NER (Li et al. 2022, 'Unified named entity recognition as word-word relation
classification').

Nothing of the size of a whole grid is kept: rows of it are computed a block at a time, with as many rows around them as the
convolutions see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, gelu, pad

from adaseq.errors import ModelError, nearest
from adaseq.modules.biaffine import Biaffine, Projection

# From 2 words on each power of two is a distance of its own; backward distances follow, and that of a word to itself.
_LIMITS = [2, 4, 8, 16, 32, 64, 128, 256]
_BACKWARD, _SAME, _DISTANCES = 9, 19, 20
# In which half of a grid each distance is: 1 for a second word behind the first one. Distance 0 is not used.
_REGIONS = torch.tensor([0] + [1] * 9 + [0] * 10)
_CNN = {"channels": 128, "dilation": [1, 2, 3], "dropout": 0.5}


class PairVectors(NamedTuple):
    """What the scores of pairs are made of, each of words `(B, L, …)`.

    Attributes:
        first: the vectors of first words, for the biaffine form.
        second: those of second words.
        gains: what normalised second words are multiplied with, from the first word.
        shifts: what is added.
        normed: the normalised second words.
        kept: `(B, 1, C)` dropout of whole features of a grid, the same in every block of it; None outside training.
        mask: `(B, L)` True for real words.
    """

    first: Tensor
    second: Tensor
    gains: Tensor
    shifts: Tensor
    normed: Tensor
    kept: Tensor | None
    mask: Tensor

    def of(self, chosen: slice) -> PairVectors:
        """Those of some sentences."""
        return PairVectors(*(None if each is None else each[chosen] for each in self))  # type: ignore[arg-type]

    def window(self, first: int, last: int) -> PairVectors:
        """Those of the words from `first` to before `last`."""
        rows = {name: each[:, first:last] for name, each in self._asdict().items() if name != "kept"}
        return PairVectors(kept=self.kept, **rows)


class WordPairScorer(nn.Module):
    """Scores what is between each word and each other one.

    Args:
        input_size: H, the width of the word vectors.
        num_classes: K.
        cnn: `channels`, `dilation` and `dropout` of the convolutions.
        dist_emb_size: the width of the vectors of distances.
        type_emb_size: the width of the vectors that tell the two halves of a grid apart.
        biaffine_size: the width of the vectors of the biaffine form.
        ffnn_hid_size: the width of the layer behind the convolutions.
        dropout: before the scores.
    """

    def __init__(
        self,
        input_size: int,
        num_classes: int,
        cnn: Mapping[str, Any] | None,
        dist_emb_size: int,
        type_emb_size: int,
        biaffine_size: int,
        ffnn_hid_size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        options = {**_CNN, **(cnn or {})}
        channels, dilation = int(options["channels"]), list(options["dilation"])
        self.feature_dropout, self.num_classes = float(options["dropout"]), num_classes
        self.norm = nn.LayerNorm(input_size, elementwise_affine=False)
        self.gain, self.shift = nn.Linear(input_size, input_size), nn.Linear(input_size, input_size)
        for layer, value in ((self.gain, 1.0), (self.shift, 0.0)):
            nn.init.zeros_(layer.weight)
            nn.init.constant_(layer.bias, value)
        self.distances = nn.Embedding(_DISTANCES, dist_emb_size)
        self.regions = nn.Embedding(2, type_emb_size)
        self.num_features = input_size + dist_emb_size + type_emb_size
        self.narrow = nn.Linear(self.num_features, channels)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=step, dilation=step, groups=channels) for step in dilation
        )
        self.reach = sum(dilation)
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(channels * len(dilation), ffnn_hid_size)
        self.output = nn.Linear(ffnn_hid_size, num_classes)
        self.first = Projection(input_size, biaffine_size, "gelu")
        self.second = Projection(input_size, biaffine_size, "gelu")
        self.biaffine = Biaffine(biaffine_size, num_classes)
        # About so many numbers are kept of each cell until the gradients flow back.
        self.cell_size = (
            2 * self.num_features + channels * (2 + 4 * len(dilation)) + 3 * ffnn_hid_size + 3 * num_classes
        )

    def draw_features(self, words: Tensor) -> Tensor | None:
        """What dropout leaves of whole features of the grids of `(B, L, H)` words, `(B, 1, C)`; None outside training."""
        if not self.training or not self.feature_dropout:
            return None
        share = 1 - self.feature_dropout
        return torch.empty(len(words), 1, self.num_features, device=words.device).bernoulli_(share) / share

    def forward(self, words: Tensor, mask: Tensor, kept: Tensor | None = None) -> PairVectors:
        """The vectors of words.

        Args:
            words: `(B, L, H)`.
            mask: `(B, L)` True for real ones.
            kept: what `draw_features` gave.
        """
        dropped = self.dropout(words)
        return PairVectors(
            self.first(dropped), self.second(dropped), self.gain(words), self.shift(words), self.norm(words), kept, mask
        )

    def scores(self, vectors: PairVectors, first: int, last: int) -> Tensor:
        """The scores `(B, R, K, L)` of the pairs whose first word is from `first` to before `last`."""
        # First, so that it is the last one that gradients flow through: that of its weight is as large as a block of the grid.
        by_words = self.biaffine(vectors.first[:, first:last], vectors.second)
        batch, length = vectors.mask.shape
        mask = None if vectors.mask.all() else vectors.mask
        reach = self.reach
        top, bottom = max(first - reach, 0), min(last + reach, length)
        grid = _emptied(gelu(self._narrowed(vectors, top, bottom)), mask, top)  # (B, channels, R', L)
        layers = []
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv2d)
            reach -= convolution.dilation[0]
            upper, lower = max(first - reach, 0), min(last + reach, length)
            grid = gelu(_convolved(convolution, grid, upper - top, bottom - lower))
            top, bottom = upper, lower
            grid = _emptied(grid, mask, top)
            layers.append(grid[:, :, first - top : last - top])
        seen = torch.cat(layers, 1).flatten(2)  # (B, channels · layers, R · L)
        hidden = gelu(_apply(self.hidden, self.dropout(seen)))
        by_context = _apply(self.output, self.dropout(hidden)).view(batch, self.num_classes, last - first, length)
        return by_words + by_context.transpose(1, 2)

    def _narrowed(self, vectors: PairVectors, first: int, last: int) -> Tensor:
        """What is known of each pair, `(B, channels, R, L)`: both words (eq. 2), their distance, and which half they are in.

        The features of a pair stand side by side in the paper; here each part meets its own weights, and they are added.
        """
        batch, length = vectors.mask.shape
        width = vectors.normed.shape[2]
        weight = (
            self.narrow.weight if vectors.kept is None else self.narrow.weight * vectors.kept
        )  # (channels, C) or (B, …)
        gains, shifts = vectors.gains[:, first:last].unsqueeze(2), vectors.shifts[:, first:last].unsqueeze(2)
        both = torch.addcmul(shifts, vectors.normed.unsqueeze(1), gains).flatten(1, 2)  # (B, R · L, H)
        narrow = torch.bmm(weight[..., :width].expand(batch, -1, -1), both.transpose(1, 2))
        narrow = narrow.view(batch, -1, last - first, length)
        places = torch.arange(length, device=both.device)
        offsets = places - places[first:last].unsqueeze(1)  # (R, L)
        table = torch.cat([self.distances.weight, self.regions.weight[_REGIONS.to(both.device)]], 1).to(both.dtype)
        known = torch.matmul(table, weight[..., width:].transpose(-1, -2)) + self.narrow.bias  # (distances, channels)
        return narrow + known[..., distance_ids(offsets), :].movedim(-1, -3)


def _emptied(grid: Tensor, mask: Tensor | None, first: int) -> Tensor:
    """The rows from `first` on of `(B, C, R, L)` with zeros for padding: as empty as what lies outside the grid, so that a
    sentence's company plays no part."""
    if mask is None:
        return grid
    is_pair = mask[:, first : first + grid.shape[2]].unsqueeze(2) & mask.unsqueeze(1)
    return grid * is_pair.unsqueeze(1)


def _convolved(convolution: nn.Conv2d, grid: Tensor, above: int, below: int) -> Tensor:
    """A convolution for some rows of a grid, which has `above` and `below` rows around them; where those end it is empty."""
    reach = convolution.dilation[0]
    missing = reach - above, reach - below
    both = min(missing)
    if missing[0] != missing[1]:
        grid = pad(grid, (0, 0, missing[0] - both, missing[1] - both))
    return conv2d(
        grid, convolution.weight, convolution.bias, padding=(both, reach), dilation=reach, groups=convolution.groups
    )


def _apply(layer: nn.Linear, features: Tensor) -> Tensor:
    """A linear layer over the second dimension: from `(B, C, N)` to `(B, C', N)`."""
    return torch.baddbmm(layer.bias.unsqueeze(1), layer.weight.expand(len(features), -1, -1), features)


def distance_ids(offsets: Tensor) -> Tensor:
    """The number of the distance of each pair: powers of two, forward from 1, backward from 10, 19 for the same word.

    Args:
        offsets: how far behind the first word the second one is.
    """
    limits = torch.tensor(_LIMITS, device=offsets.device)
    ids = torch.bucketize(offsets.abs(), limits, right=True) + 1
    ids = torch.where(offsets < 0, ids + _BACKWARD, ids)
    return ids.masked_fill(offsets == 0, _SAME)


def check_convolutions(block: Any, where: str) -> None:
    """Refuse options that the convolutions do not have.

    Args:
        block: what was given.
        where: what it is called in messages.

    Raises:
        ModelError: there are some.
    """
    if block is None:
        return
    for name in block:
        if name not in _CNN:
            known = ", ".join(_CNN)
            raise ModelError(f"{where} has no option '{name}'{nearest(str(name), list(_CNN)) or ';'} known: {known}")
    options = {**_CNN, **block}
    dilation = options["dilation"]
    if not isinstance(dilation, Sequence) or not dilation or not all(isinstance(i, int) and i > 0 for i in dilation):
        raise ModelError(f"{where}.dilation is {dilation!r}; it must be a list of numbers from 1 on, such as [1, 2, 3]")
    if not isinstance(options["channels"], int) or options["channels"] < 1:
        raise ModelError(f"{where}.channels is {options['channels']!r}; it must be a number from 1 on")
    rate = options["dropout"]
    if not isinstance(rate, (int, float)) or not 0 <= rate < 1:
        raise ModelError(f"{where}.dropout is {rate!r}; it must be at least 0 and less than 1")
