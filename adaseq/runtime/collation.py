"""Features to the arrays that graphs take: what data collators make, by names with slashes instead of nested dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adaseq.data.inputs.base import InputEncoder
from adaseq.data.padding import label_arrays, token_arrays, whole_text_masks

Features = dict[str, Any]
Arrays = dict[str, np.ndarray]
TOKENS = "tokens/"


def collate(features: Sequence[Features], pad_token_id: int, inputs: Mapping[str, InputEncoder]) -> Arrays:
    """The arrays of a batch: `tokens/…`, and what else the features hold of the texts.

    Args:
        features: those of B texts.
        pad_token_id: fills up piece ids.
        inputs: the encoders of the further inputs of the embedder.
    """
    tokens = token_arrays(features, pad_token_id)
    arrays = {f"{TOKENS}{name}": each for name, each in tokens.items()}
    longest = tokens["mask"].shape[1]
    for name, encoder in inputs.items():
        prefix = f"{name}/"
        own = [{key[len(prefix) :]: each[key] for key in each if key.startswith(prefix)} for each in features]
        arrays.update({f"{place_of(name)}{field}": each for field, each in encoder.collate(own, longest).items()})
    arrays.update(label_arrays(features, np.asarray([each["num_words"] for each in features])))
    if "summaries" in features[0]:
        arrays.update(whole_text_masks(features, tokens["mask"]))
    if "entities" in features[0]:
        arrays["entities"] = np.stack([each["entities"] for each in features]).astype(np.int64)
    if "mentions" in features[0]:
        rows = [
            (number, start, end)
            for number, each in enumerate(features)
            for start, end in each["mentions"].reshape(-1, 2).tolist()
        ]
        arrays["mentions"] = np.asarray(rows, np.int64).reshape(-1, 3)
    return arrays


def place_of(name: str) -> str:
    """Where the arrays of a part of the embedder are: `tokens/`, or `tokens/1/0/` for the part `1.0`."""
    return TOKENS + "".join(f"{part}/" for part in filter(None, name.split(".")))


def stitched(rows: np.ndarray, stitch: np.ndarray | None) -> np.ndarray:
    """The words of whole sentences `(B, L, …)` from those of their windows `(W, M, …)`.

    Args:
        rows: one for each window.
        stitch: `(B, L)` which of the words of all windows each is; None if every sentence is one window.
    """
    return rows if stitch is None else rows.reshape(-1, *rows.shape[2:])[stitch]
