"""Recurrent encoders: LSTM, GRU and plain RNN over the words of a sentence."""

from __future__ import annotations

import contextlib
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from adaseq.metainfo import Encoders
from adaseq.modules.encoders.base import Encoder
from adaseq.registry import ENCODERS
from adaseq.utils.ranges import Count, Rate


class RecurrentEncoder(Encoder):
    """Runs a recurrent network over each sentence; padding is never seen.

    Args:
        rnn: the network, batch first.
    """

    def __init__(self, rnn: nn.RNNBase) -> None:
        super().__init__()
        self.rnn = rnn
        self.output_size = rnn.hidden_size * (2 if rnn.bidirectional else 1)

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """Encode `(B, L, input_size)` to `(B, L, hidden_size · directions)`; an empty sentence gives zeros."""
        lengths = mask.sum(1).clamp(min=1).cpu()
        is_cpu = words.device.type == "cpu"
        # Under autocast a recurrent network would ask oneDNN for a bfloat16 kernel, which many CPUs do not have.
        with torch.autocast("cpu", enabled=False) if is_cpu else contextlib.nullcontext():
            words = words.to(next(self.rnn.parameters()).dtype) if is_cpu else words
            packed = pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
            encoded, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=words.shape[1])
        return encoded


class GatedEncoder(RecurrentEncoder):
    """Runs a network with gates; derived classes say which.

    Args:
        hidden_size: the width of each direction.
        input_size: the width of the word vectors; by default that of the embedder.
        num_layers: layers on top of each other.
        bias: whether the layers have biases.
        dropout: between layers.
        bidirectional: one network forwards and one backwards.
    """

    network: ClassVar[type[nn.LSTM | nn.GRU]]

    def __init__(
        self,
        hidden_size: Count,
        input_size: Count,
        num_layers: Count = 1,
        bias: bool = True,
        dropout: Rate = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__(self.network(input_size, hidden_size, num_layers, bias, True, dropout, bidirectional))


@ENCODERS.register(Encoders.LSTM, supplied_unless_given=("input_size",))
class LSTMEncoder(GatedEncoder):
    """A long short-term memory network (Hochreiter and Schmidhuber 1997).

    The arguments are those of `GatedEncoder`.
    """

    network = nn.LSTM


@ENCODERS.register(Encoders.GRU, supplied_unless_given=("input_size",))
class GRUEncoder(GatedEncoder):
    """A gated recurrent network (Cho et al. 2014).

    The arguments are those of `GatedEncoder`.
    """

    network = nn.GRU


@ENCODERS.register(Encoders.RNN, supplied_unless_given=("input_size",))
class RNNEncoder(RecurrentEncoder):
    """A plain recurrent network (Elman 1990).

    Args:
        hidden_size: the width of each direction.
        input_size: the width of the word vectors; by default that of the embedder.
        num_layers: layers on top of each other.
        nonlinearity: tanh or relu.
        bias: whether the layers have biases.
        dropout: between layers.
        bidirectional: one network forwards and one backwards.
    """

    def __init__(
        self,
        hidden_size: Count,
        input_size: Count,
        num_layers: Count = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        dropout: Rate = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__(nn.RNN(input_size, hidden_size, num_layers, nonlinearity, bias, True, dropout, bidirectional))
