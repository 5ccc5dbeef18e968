"""Features to batches: pad to the longest of the batch, in one array per field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

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
        num_words = np.asarray([each["num_words"] for each in features])
        batch: Batch = {"index": torch.tensor([each["index"] for each in features])}
        batch["tokens"] = self._tokens(features, num_words)
        self._add_inputs(batch["tokens"], features)
        if any(len(each["mask"]) for each in features):
            batch.update(_label_positions(features, num_words))
        return batch

    def _add_inputs(self, tokens: dict[str, Any], features: Sequence[Features]) -> None:
        longest = tokens["mask"].shape[1]
        for name, encoder in self.inputs.items():
            place = tokens
            for part in filter(None, name.split(".")):
                place = place.setdefault(part, {})
            place.update(encoder.collate(_further(features, f"{name}/"), longest))

    def _tokens(self, features: Sequence[Features], num_words: np.ndarray) -> dict[str, torch.Tensor]:
        longest = max(int(num_words.max()), 1)
        tokens = {"mask": torch.from_numpy(np.arange(longest) < num_words[:, None])}
        if "first_piece" not in features[0]:
            tokens["input_ids"] = pad([each["input_ids"] for each in features], self.pad_token_id, longest)
            tokens["attention_mask"] = tokens["mask"]
            return tokens
        if any(len(each["stitch"]) for each in features):
            rows, stitch = _unroll(features, longest)
            tokens["stitch"] = stitch
        else:
            rows = [(each["input_ids"], each["first_piece"], each["last_piece"]) for each in features]
        ids, first, last = zip(*rows, strict=True)
        if any(len(each.get("segment_ids", ())) for each in features):
            tokens["token_type_ids"] = pad(_segments(features), 0)
        lengths = np.asarray([len(row) for row in ids])
        tokens["input_ids"] = pad(ids, self.pad_token_id)
        tokens["attention_mask"] = torch.from_numpy(np.arange(tokens["input_ids"].shape[1]) < lengths[:, None])
        widest = max(max(map(len, first)), 1)
        tokens["first_piece"], tokens["last_piece"] = pad(first, 0, widest), pad(last, 0, widest)
        return tokens


def _further(features: Sequence[Features], prefix: str) -> list[Features]:
    """The fields whose names begin so, without that beginning."""
    start = len(prefix)
    return [{key[start:]: each[key] for key in each if key.startswith(prefix)} for each in features]


def pad(rows: Sequence[np.ndarray], value: int, length: int | None = None) -> torch.Tensor:
    """Rows of different lengths as one `(len(rows), length)` tensor of int64, filled up with a value.

    Args:
        rows: one-dimensional arrays.
        value: the filling.
        length: the length of the rows of the result; by default that of the longest.
    """
    length = max((len(row) for row in rows), default=0) if length is None else length
    table = np.full((len(rows), length), value, np.int64)
    for target, row in zip(table, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(table)


def _unroll(features: Sequence[Features], longest: int) -> tuple[list[tuple[np.ndarray, ...]], torch.Tensor]:
    """One row for each window, and for each word the place of its vector among all rows' words, flattened."""
    rows: list[tuple[np.ndarray, ...]] = []
    origins = []  # for each example its first row, the cut points of its windows' words, its stitch
    for each in features:
        word_cuts = np.cumsum(each["word_lengths"])[:-1]
        piece_cuts = np.cumsum(each["piece_lengths"])[:-1]
        origins.append((len(rows), each["word_lengths"], each["stitch"], each["num_words"]))
        parts = (
            np.split(each["input_ids"], piece_cuts),
            np.split(each["first_piece"], word_cuts),
            np.split(each["last_piece"], word_cuts),
        )
        rows.extend(zip(*parts, strict=True))
    width = max(max(len(first) for _, first, _ in rows), 1)
    places = []
    for row, word_lengths, stitch, num_words in origins:
        if not len(stitch):
            places.append(row * width + np.arange(num_words))
            continue
        starts = np.cumsum(word_lengths) - word_lengths
        window = np.searchsorted(starts, stitch, side="right") - 1
        places.append((row + window) * width + stitch - starts[window])
    return rows, pad(places, 0, longest)


def _segments(features: Sequence[Features]) -> list[np.ndarray]:
    """The segments of the pieces of each window; zeros where there is only one."""
    rows: list[np.ndarray] = []
    for each in features:
        ids = each["segment_ids"] if len(each["segment_ids"]) else np.zeros_like(each["input_ids"])
        rows += np.split(ids, np.cumsum(each["piece_lengths"])[:-1]) if len(each["piece_lengths"]) else [ids]
    return rows


def _label_positions(features: Sequence[Features], num_words: np.ndarray) -> dict[str, torch.Tensor]:
    positions = [
        np.flatnonzero(each["mask"]) if len(each["mask"]) else np.arange(count)
        for each, count in zip(features, num_words, strict=True)
    ]
    lengths = np.asarray([len(row) for row in positions])
    longest = max(int(lengths.max()), 1)
    return {
        "label_positions": pad(positions, 0, longest),
        "label_mask": torch.from_numpy(np.arange(longest) < lengths[:, None]),
    }
