"""Word vectors from the characters of the words."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from adaseq.errors import ModelError
from adaseq.metainfo import Embedders, Inputs
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import EMBEDDERS
from adaseq.utils.ranges import Count, Natural, Rate


class CharacterEmbedder(Embedder):
    """Composes the vector of a word from those of its characters; each different word of a batch once.

    Args:
        num_characters: how many character ids there are.
        embedding_dim: the width of the vectors of characters.
        dropout: on the vectors of characters.
    """

    def __init__(self, num_characters: int, embedding_dim: int, dropout: float) -> None:
        super().__init__()
        self.characters = nn.Embedding(num_characters, embedding_dim, padding_idx=0)
        bound = (3 / embedding_dim) ** 0.5
        with torch.no_grad():
            nn.init.uniform_(self.characters.weight, -bound, bound)
            self.characters.weight[0] = 0
        self.dropout = nn.Dropout(dropout)

    @classmethod
    def input_block(cls, block: Mapping[str, Any]) -> dict[str, Any]:
        """Characters, with the options that are about them."""
        options = {key: block[key] for key in ("max_length", "min_count", "lowercase") if key in block}
        return {"type": Inputs.CHARACTERS, **options}

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)`."""
        if "char_ids" not in tokens:
            raise ModelError("this model's preprocessor encodes no characters, which its embedder reads")
        characters = self.dropout(self.characters(tokens["char_ids"]))  # (U, C, E)
        return self.compose(characters, tokens["char_lengths"])[tokens["char_words"]]

    @abstractmethod
    def compose(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """From `(U, C, E)`, of which each row has `lengths` (U,) characters, to `(U, H)`."""


@EMBEDDERS.register(Embedders.CHAR_CNN, supplied=("num_characters",))
class CharCNN(CharacterEmbedder):
    """Convolutions over the characters of each word, and their maximum (Chiu and Nichols 2016; Ma and Hovy 2016).

    The arguments that are not listed are those of `CharacterEmbedder`.

    Args:
        channels: the number of filters of each width.
        kernel_sizes: the widths of the filters, in characters; by default 3.
        max_length: the most characters of a word; of a longer one the first and the last are kept.
        min_count: characters rarer than this in the training data are unknown.
        lowercase: read words in lower case.
    """

    def __init__(
        self,
        num_characters: int,
        embedding_dim: Count = 30,
        channels: Count = 30,
        kernel_sizes: list[Count] | None = None,
        dropout: Rate = 0.0,
        max_length: Count = 40,
        min_count: Natural = 1,
        lowercase: bool = False,
    ) -> None:
        super().__init__(num_characters, embedding_dim, dropout)
        sizes = kernel_sizes or [3]
        if min(sizes) < 1:
            raise ModelError(f"the kernel_sizes of char-cnn must be at least 1; received {sizes}")
        self.convolutions = nn.ModuleList(nn.Conv1d(embedding_dim, channels, size, padding=size // 2) for size in sizes)
        self.output_size = channels * len(sizes)

    @classmethod
    def width_of(cls, block: Mapping[str, Any]) -> int | None:
        """The width of the vectors, as the block says."""
        return int(block["channels"]) * len(block["kernel_sizes"] or [3])

    def compose(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """The maximum of each filter over the places of a word; those behind its end do not count."""
        rows = characters.transpose(1, 2)  # (U, E, C)
        vectors = []
        for convolution in self.convolutions:
            values = torch.relu(convolution(rows))  # (U, channels, C or C + 1)
            is_behind = torch.arange(values.shape[2], device=lengths.device) >= lengths.unsqueeze(1)
            # What comes out of relu is never negative.
            vectors.append(values.masked_fill(is_behind.unsqueeze(1), 0.0).amax(2))
        return torch.cat(vectors, 1)


@EMBEDDERS.register(Embedders.CHAR_LSTM, supplied=("num_characters",))
class CharLSTM(CharacterEmbedder):
    """The last states of an LSTM that reads each word forwards and of one that reads it backwards (Lample et al. 2016).

    The arguments that are not listed are those of `CharacterEmbedder`.

    Args:
        hidden_size: the width of each direction.
        max_length: the most characters of a word; of a longer one the first and the last are kept.
        min_count: characters rarer than this in the training data are unknown.
        lowercase: read words in lower case.
    """

    def __init__(
        self,
        num_characters: int,
        embedding_dim: Count = 25,
        hidden_size: Count = 25,
        dropout: Rate = 0.0,
        max_length: Count = 40,
        min_count: Natural = 1,
        lowercase: bool = False,
    ) -> None:
        super().__init__(num_characters, embedding_dim, dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, batch_first=True, bidirectional=True)
        self.output_size = 2 * hidden_size

    @classmethod
    def width_of(cls, block: Mapping[str, Any]) -> int | None:
        """The width of the vectors, as the block says."""
        return 2 * int(block["hidden_size"])

    def compose(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """Both last states, side by side."""
        # Under autocast oneDNN would be asked for a bfloat16 kernel, which many CPUs do not have.
        with torch.autocast(characters.device.type, enabled=False):
            rows = characters.to(next(self.lstm.parameters()).dtype)
            packed = pack_padded_sequence(rows, lengths.cpu(), batch_first=True, enforce_sorted=False)
            _, (last, _) = self.lstm(packed)  # (2, U, H / 2)
        return last.transpose(0, 1).flatten(1)
