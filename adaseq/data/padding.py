"""Features to arrays: pad to the longest of the batch, in one array per field. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

IGNORED, ANY_TAG = -100, -1
"""Ids of labels: of what is filled up or context; and of words whose tag is not known."""

ORIGIN = "origin/"
"""What the names of the features of a text without its context words begin with."""

Features = dict[str, Any]
Arrays = dict[str, np.ndarray]


def pad_rows(rows: Sequence[np.ndarray], value: int, length: int | None = None) -> np.ndarray:
    """Rows of different lengths as one `(len(rows), length)` array of int64, filled up with a value.

    Args:
        rows: one-dimensional arrays.
        value: the filling.
        length: the length of the rows of the result; by default that of the longest.
    """
    length = max((len(row) for row in rows), default=0) if length is None else length
    table = np.full((len(rows), length), value, np.int64)
    for target, row in zip(table, rows, strict=True):
        target[: len(row)] = row
    return table


def mask_of(lengths: np.ndarray, longest: int) -> np.ndarray:
    """`(B, longest)` True at the first places of each row, as many as it is long."""
    return np.arange(longest) < lengths[:, None]


def token_arrays(features: Sequence[Features], pad_token_id: int) -> Arrays:
    """The tokens of a batch, as `DataCollator` describes them.

    Args:
        features: those of B examples.
        pad_token_id: fills up `input_ids`.
    """
    num_words = np.asarray([each["num_words"] for each in features])
    longest = max(int(num_words.max()), 1)
    tokens = {"mask": mask_of(num_words, longest)}
    if "first_piece" not in features[0]:
        tokens["input_ids"] = pad_rows([each["input_ids"] for each in features], pad_token_id, longest)
        tokens["attention_mask"] = tokens["mask"]
        return tokens
    if any(len(each["stitch"]) for each in features):
        rows, tokens["stitch"] = _unroll(features, longest)
    else:
        rows = [(each["input_ids"], each["first_piece"], each["last_piece"]) for each in features]
    ids, first, last = zip(*rows, strict=True)
    if any(len(each.get("segment_ids", ())) for each in features):
        tokens["token_type_ids"] = pad_rows(_segments(features), 0)
    # Backbones take no sequence of nothing, which a text without words is where there are no special pieces.
    tokens["input_ids"] = pad_rows(ids, pad_token_id, max(*map(len, ids), 1))
    tokens["attention_mask"] = mask_of(np.asarray([len(row) for row in ids]), tokens["input_ids"].shape[1])
    widest = max(max(map(len, first)), 1)
    tokens["first_piece"], tokens["last_piece"] = pad_rows(first, 0, widest), pad_rows(last, 0, widest)
    return tokens


def label_arrays(features: Sequence[Features], num_words: np.ndarray) -> Arrays:
    """`label_positions` (B, T), the places of the words that are no context, and `label_mask` (B, T), which are real.

    Args:
        features: those of B examples, some with context words.
        num_words: `(B,)` how many words each has.
    """
    positions = [
        np.flatnonzero(each["mask"]) if len(each["mask"]) else np.arange(count)
        for each, count in zip(features, num_words, strict=True)
    ]
    lengths = np.asarray([len(row) for row in positions])
    longest = max(int(lengths.max()), 1)
    return {"label_positions": pad_rows(positions, 0, longest), "label_mask": mask_of(lengths, longest)}


def whole_text_masks(features: Sequence[Features], mask: np.ndarray) -> Arrays:
    """`summary_mask` and `text_mask` (B, L): the words that stand for whole windows, and those of the texts.

    Args:
        features: those of B texts.
        mask: `(B, L)` True for real words.
    """
    places = np.arange(mask.shape[1])
    summaries, separators = (
        np.asarray([each[name] for each in features])[:, None] for name in ("summaries", "separator")
    )
    is_summary = mask & (places < summaries)
    return {"summary_mask": is_summary, "text_mask": mask & ~is_summary & (places != separators)}


def _unroll(features: Sequence[Features], longest: int) -> tuple[list[tuple[np.ndarray, ...]], np.ndarray]:
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
    return rows, pad_rows(places, 0, longest)


def _segments(features: Sequence[Features]) -> list[np.ndarray]:
    """The segments of the pieces of each window; zeros where there is only one."""
    rows: list[np.ndarray] = []
    for each in features:
        ids = each["segment_ids"] if len(each["segment_ids"]) else np.zeros_like(each["input_ids"])
        rows += np.split(ids, np.cumsum(each["piece_lengths"])[:-1]) if len(each["piece_lengths"]) else [ids]
    return rows
