"""Recurrent networks as the operators of ONNX, which know the lengths of sentences; PyTorch's packed sequences have no equal."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from adaseq.modules.embedders.characters import CharLSTM
from adaseq.modules.encoders.recurrent import RecurrentEncoder

# Where PyTorch's gates stand in the order of ONNX.
_GATES = {"LSTM": [0, 3, 1, 2], "GRU": [1, 0, 2], "RNN": [0]}


class _Operator(torch.autograd.Function):
    """One layer; when it is traced, only the shapes of its results matter."""

    @staticmethod
    def forward(
        ctx: Any,
        words: Tensor,
        lengths: Tensor,
        weights: Tensor,
        recurrence: Tensor,
        bias: Tensor,
        kind: str,
        activation: str,
    ) -> tuple[Tensor, Tensor]:
        """Zeros of the right shapes: `(L, directions, B, H)`, and `(directions, B, H)` of the last states."""
        directions, _, width = recurrence.shape
        length, batch = words.shape[:2]
        return words.new_zeros(length, directions, batch, width), words.new_zeros(directions, batch, width)

    @staticmethod
    def symbolic(
        g: Any, words: Any, lengths: Any, weights: Any, recurrence: Any, bias: Any, kind: str, activation: str
    ) -> tuple[Any, Any]:
        """The operator."""
        directions, _, width = recurrence.type().sizes()
        attributes: dict[str, Any] = {
            "hidden_size_i": width,
            "direction_s": "bidirectional" if directions == 2 else "forward",
        }
        if kind == "GRU":
            attributes["linear_before_reset_i"] = 1
        if kind == "RNN":
            attributes["activations_s"] = [activation.capitalize()] * directions
        outputs = g.op(
            kind, words, weights, recurrence, bias, lengths, **attributes, outputs=3 if kind == "LSTM" else 2
        )
        return outputs[0], outputs[1]


class OnnxRecurrent(nn.Module):
    """A recurrent network that can be exported, with the weights of another one.

    Args:
        rnn: the network of PyTorch, batch first.
    """

    def __init__(self, rnn: nn.RNNBase) -> None:
        super().__init__()
        self.kind = rnn.mode.partition("_")[0]
        self.activation = rnn.mode.partition("_")[2].lower()
        self.layers = [self._layer(rnn, number) for number in range(rnn.num_layers)]

    def forward(self, words: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """From `(B, L, H)` to `(B, L, H' · directions)`, and the last states `(directions, B, H')` of the last layer."""
        rows, last = words.transpose(0, 1), words
        for weights, recurrence, bias in self.layers:
            output, last = _Operator.apply(
                rows, lengths.int(), weights, recurrence, bias, self.kind, self.activation
            )  # (L, directions, B, H')
            rows = output.permute(0, 2, 1, 3).flatten(2)
        return rows.transpose(0, 1), last

    def _layer(self, rnn: nn.RNNBase, number: int) -> tuple[Tensor, Tensor, Tensor]:
        endings = [f"_l{number}", f"_l{number}_reverse"] if rnn.bidirectional else [f"_l{number}"]
        weights = torch.stack([self._in_order(getattr(rnn, f"weight_ih{each}")) for each in endings])
        recurrence = torch.stack([self._in_order(getattr(rnn, f"weight_hh{each}")) for each in endings])
        if rnn.bias:
            names = [(f"bias_ih{each}", f"bias_hh{each}") for each in endings]
            bias = torch.stack([torch.cat([self._in_order(getattr(rnn, name)) for name in pair]) for pair in names])
        else:
            bias = weights.new_zeros(len(endings), 2 * weights.shape[1])
        return weights, recurrence, bias

    def _in_order(self, values: Tensor) -> Tensor:
        gates = values.detach().chunk(len(_GATES[self.kind]))
        return torch.cat([gates[place] for place in _GATES[self.kind]])


class _Encoder(nn.Module):
    """A `RecurrentEncoder` that can be exported."""

    def __init__(self, encoder: RecurrentEncoder) -> None:
        super().__init__()
        self.rnn, self.output_size = OnnxRecurrent(encoder.rnn), encoder.output_size

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """Encode `(B, L, input_size)` to `(B, L, output_size)`."""
        encoded, _ = self.rnn(words, mask.sum(1).clamp(min=1))
        return encoded


def make_exportable(model: nn.Module) -> None:
    """Replace the recurrent networks in a model, which can be exported then, and be used for nothing else.

    Args:
        model: a copy of the model.
    """
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, RecurrentEncoder):
                setattr(parent, name, _Encoder(child))
        if isinstance(parent, CharLSTM):
            parent.onnx_lstm = OnnxRecurrent(parent.lstm)
            parent.compose = MethodType(_last_states, parent)  # type: ignore[method-assign]


def _last_states(embedder: Any, characters: Tensor, lengths: Tensor) -> Tensor:
    """What `CharLSTM.compose` gives."""
    _, last = embedder.onnx_lstm(characters, lengths)
    return last.transpose(0, 1).flatten(1)
