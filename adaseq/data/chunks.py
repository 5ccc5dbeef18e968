"""Retrieved context of any length, in chunks that are each encoded together with the sentence (U-RaNER: Tan et al. 2023).

A chunk is `[CLS] sentence [SEP] part of the context`. A model scores the words of the sentence in every chunk and keeps the
best score of each tag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adaseq.data.example import Example
from adaseq.data.padding import Features
from adaseq.errors import AdaSeqError


def check_chunks(arguments: Mapping[str, Any]) -> None:
    """Refuse options of a preprocessor that say nothing together.

    Raises:
        AdaSeqError: a number is not positive, or something is missing or too much.
    """
    size, count = arguments.get("chunk_size"), arguments.get("chunk_num")
    for name, value in (("chunk_size", size), ("chunk_num", count)):
        if value is not None and value < 1:
            raise AdaSeqError(f"preprocessor.{name} is {value}; it must be at least 1")
    if size is None and count is not None:
        raise AdaSeqError("preprocessor.chunk_num is how many chunks there may be; give their length, chunk_size, too")
    if size is not None and arguments.get("context") is not None:
        raise AdaSeqError("preprocessor.chunk_size and preprocessor.context exclude each other: leave one out")
    if size is not None and arguments.get("is_word2vec"):
        raise AdaSeqError("preprocessor.chunk_size needs a backbone, which reads the sentence and its context together")


def add_chunks(features: Features, context: np.ndarray, room: int, most: int | None) -> None:
    """Turn the features of a sentence alone into those of the sentence with its context, in place.

    `input_ids` are those of all chunks one after the other, and `piece_lengths` their lengths where there are several; the
    places of the words are the same in each. A sentence that is so long that it was cut into windows stays alone.

    Args:
        features: of the labelled words; `chunks` becomes the number of chunks.
        context: the pieces of the context.
        room: how many of them fit into a chunk.
        most: the most chunks; None for as many as it takes. Where the context fills fewer than that, one more has none.
    """
    if len(features["stitch"]):
        return
    own = features["input_ids"]
    parts = [context[start : start + room] for start in range(0, len(context), room)][:most] if room > 0 else []
    if not parts or (most is not None and len(parts) < most):
        parts.append(context[:0])
    rows = [np.concatenate([own, part]).astype(np.int32) for part in parts]
    features["input_ids"] = np.concatenate(rows)
    features["chunks"] = len(rows)
    if len(rows) > 1:
        features["piece_lengths"] = np.asarray([len(row) for row in rows], np.int32)


def cover(features: Features, example: Example) -> None:
    """Say which words of an example the features of its labelled words stand for, in place.

    `mask` is True for the labelled words that they cover; `left_out` is how many they do not, `lost_spans` how many annotated
    spans are not whole therefore.

    Args:
        features: of the labelled words.
        example: the example.
    """
    mask = np.ones(len(example.tokens), np.bool_) if example.mask is None else np.asarray(example.mask, np.bool_)
    places = np.flatnonzero(mask)
    lost = places[features["num_words"] :]
    mask[lost] = False
    features["mask"] = mask
    features["left_out"] = len(lost)
    features["lost_spans"] = sum(span["end"] > lost[0] for span in example.spans) if len(lost) else 0


def split_chunks(features: Sequence[Features]) -> tuple[list[Features], np.ndarray]:
    """One sequence for each chunk, as the features of a sentence of its own; and which ones belong to each example.

    Args:
        features: of B examples.

    Returns:
        The features of all chunks, and `(B, C)` their numbers; where an example has fewer than C, its first one again.
    """
    rows: list[Features] = []
    places: list[range] = []
    for each in features:
        first = len(rows)
        if each["chunks"] == 1:
            rows.append(each)
        else:
            ends = np.cumsum(each["piece_lengths"])[:-1]
            parts = np.split(each["input_ids"], ends)
            rows += [{**each, "input_ids": ids, "piece_lengths": np.empty(0, np.int32)} for ids in parts]
        places.append(range(first, len(rows)))
    widest = max(map(len, places))
    return rows, np.asarray([[*numbers, *[numbers[0]] * (widest - len(numbers))] for numbers in places], np.int64)
