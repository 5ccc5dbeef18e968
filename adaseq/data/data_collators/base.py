"""Features to batches: pad to the longest of the batch, in one array per field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from adaseq.data.padding import label_arrays, pad_rows, token_arrays
from adaseq.data.preprocessors.base import Features
from adaseq.registry import DATA_COLLATORS, Registry

if TYPE_CHECKING:
    from adaseq.data.inputs.base import InputEncoder

Batch = dict[str, Any]


class DataCollator:
    """Pads the token features and puts them under `tokens`, beside `index`, the numbers of the examples.

    `tokens` holds `input_ids` (W, S), `attention_mask` (W, S) and `mask` (B, L), True for real words; with word pieces
    also `first_piece` and `last_piece` (W, M): where the pieces of each word are, and for pairs of texts `token_type_ids` (W, S),
    their segments. W = B and M = L unless some sentence is
    cut into windows; then `stitch` (B, L) says where among the W·M words of the windows each word of the sentence is.
    `label_positions` (B, T), present where there are context words, are the places of the other words, and `label_mask`
    (B, T) says which of these are real. What further inputs of the embedder make is in `tokens` too: that of the part `1`
    of a stack under `tokens["1"]`, that of its part `0` under `tokens["1"]["0"]`.

    Args:
        pad_token_id: fills up `input_ids`.
    """

    registry: ClassVar[Registry] = DATA_COLLATORS

    def __init__(self, pad_token_id: int = 0) -> None:
        self.pad_token_id = pad_token_id
        self.inputs: dict[str, InputEncoder] = {}

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        batch: Batch = {"index": torch.tensor([each["index"] for each in features])}
        batch["tokens"] = self._tokens(features)
        self._add_inputs(batch["tokens"], features)
        if any(len(each["mask"]) for each in features):
            batch.update(label_positions(features, np.asarray([each["num_words"] for each in features])))
        return batch

    def _add_inputs(self, tokens: dict[str, Any], features: Sequence[Features]) -> None:
        longest = tokens["mask"].shape[1]
        for name, encoder in self.inputs.items():
            place = tokens
            for part in filter(None, name.split(".")):
                place = place.setdefault(part, {})
            place.update(as_tensors(encoder.collate(fields_under(features, f"{name}/"), longest)))

    def _tokens(self, features: Sequence[Features]) -> dict[str, torch.Tensor]:
        return as_tensors(token_arrays(features, self.pad_token_id))


def as_tensors(arrays: Mapping[str, np.ndarray | torch.Tensor]) -> dict[str, torch.Tensor]:
    """Arrays as tensors; what are tensors already stay as they are."""
    return {name: torch.from_numpy(each) if isinstance(each, np.ndarray) else each for name, each in arrays.items()}


def label_positions(features: Sequence[Features], num_words: np.ndarray) -> dict[str, torch.Tensor]:
    """`label_positions` (B, T) and `label_mask` (B, T); see `DataCollator`.

    Args:
        features: those of B examples.
        num_words: `(B,)` how many words each has.
    """
    return as_tensors(label_arrays(features, num_words))


def fields_under(features: Sequence[Features], prefix: str) -> list[Features]:
    """The fields whose names begin so, without that beginning.

    Args:
        features: those of B examples.
        prefix: the beginning.
    """
    start = len(prefix)
    return [{key[start:]: each[key] for key in each if key.startswith(prefix)} for each in features]


def pad(rows: Sequence[np.ndarray], value: int, length: int | None = None) -> torch.Tensor:
    """Rows of different lengths as one `(len(rows), length)` tensor of int64, filled up with a value.

    Args:
        rows: one-dimensional arrays.
        value: the filling.
        length: the length of the rows of the result; by default that of the longest.
    """
    return torch.from_numpy(pad_rows(rows, value, length))
