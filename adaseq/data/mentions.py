"""Mentions as features: where they are, their labels, and rows of features where each has a row of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from adaseq.data.example import Example, Span, labels_of_span
from adaseq.data.padding import Features
from adaseq.errors import DataError, nearest

_LENGTHS, _VALUES = "#lengths", "#values"


def mentions_of(example: Example) -> list[Span]:
    """The mentions of an example, in its order.

    Raises:
        DataError: one is not within the words.
    """
    for span in example.spans:
        if not 0 <= span["start"] < span["end"] <= len(example.tokens):
            raise DataError(
                f"a mention is from word {span['start']} to word {span['end']}, which the {len(example.tokens)} words do not "
                "have",
                example.origin or None,
            )
    return example.spans


def places(mentions: Sequence[Span]) -> Features:
    """`mentions` int32 `(2 M,)`: the first word of each mention and the one behind it."""
    return {"mentions": np.asarray([[each["start"], each["end"]] for each in mentions], np.int32).reshape(-1)}


def label_ids(mentions: Sequence[Span], label_to_id: Mapping[str, int], origin: str) -> Features:
    """`label_ids` int32: the ids of the labels of all mentions, one after the other; `label_counts` int32 `(M,)`.

    Raises:
        DataError: a label is not known.
    """
    ids: list[int] = []
    counts: list[int] = []
    for mention in mentions:
        labels = list(dict.fromkeys(labels_of_span(mention)))
        for label in labels:
            if label not in label_to_id:
                raise DataError(
                    f"the type '{label}' is not among the labels{nearest(label, label_to_id) or '.'}", origin or None
                )
            ids.append(label_to_id[label])
        counts.append(len(labels))
    return {"label_ids": np.asarray(ids, np.int32), "label_counts": np.asarray(counts, np.int32)}


def split_by(values: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Cut an array into pieces of some lengths."""
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return [values[start:end] for start, end in pairwise(ends.tolist())]


def pack(rows: Sequence[Features]) -> Features:
    """One dict of arrays for several: `name` and `name#lengths` for arrays, `name#values` for numbers.

    Args:
        rows: at least one; all with the same names.
    """
    packed: Features = {}
    for name, value in rows[0].items():
        values = [row[name] for row in rows]
        if isinstance(value, np.ndarray):
            packed[name] = np.concatenate(values)
            packed[name + _LENGTHS] = np.asarray([len(each) for each in values], np.int32)
        else:
            packed[name + _VALUES] = np.asarray(values, np.int32)
    return packed


def unpack(packed: Mapping[str, Any]) -> list[Features]:
    """The rows that `pack` put together; other fields are passed over."""
    columns: dict[str, list[Any]] = {}
    for key, value in packed.items():
        if key.endswith(_VALUES):
            columns[key.removesuffix(_VALUES)] = value.tolist()
        elif key.endswith(_LENGTHS):
            name = key.removesuffix(_LENGTHS)
            columns[name] = split_by(packed[name], value)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
