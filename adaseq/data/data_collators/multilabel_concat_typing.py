"""Batches in which each mention has a sequence of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from adaseq.data.data_collators.base import Batch, DataCollator, pad
from adaseq.data.data_collators.multilabel_span_typing import mention_tensors
from adaseq.data.mentions import unpack
from adaseq.data.preprocessors.base import Features
from adaseq.metainfo import DataCollators
from adaseq.registry import DATA_COLLATORS

NO_CANDIDATE = -1


@DATA_COLLATORS.register(DataCollators.CONCAT_TYPING, supplied=("pad_token_id",))
class MultiLabelConcatTypingDataCollatorWithPadding(DataCollator):
    """Makes a row of each mention: `tokens` has N rows, or one that stands for nothing if there is no mention at all.

    It adds `mentions` (N, 3): for each the number of its example in the batch, its first word, and the one behind its last; and
    `label_ids` (N, T), the ids of its types, padded with -100. Of the words of the rows, `summary_mask` (N, L) is True for those
    that stand for whole sequences, `text_mask` (N, L) for those of the text and of the mention behind it, `mention_mask`
    (N, L) for those of the mention in the text. `candidates` (N, C), padded with -1, are the ids of the types that are
    candidates, and `candidate_words` (N, C) their places among the words.

    Args:
        pad_token_id: fills up `input_ids`.
    """

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        rows = [row for each in features if len(each["mentions"]) for row in unpack(each)]
        if not rows:
            rows = unpack(features[0])
        batch = super().__call__([{**row, "index": 0} for row in rows])
        batch["index"] = torch.tensor([each["index"] for each in features])
        batch.update(mention_tensors(features))
        batch.update(_masks(rows, batch["tokens"]["mask"]))
        if "candidates" in rows[0]:
            batch.update(_candidates(rows))
        return batch


def _masks(rows: Sequence[Features], mask: torch.Tensor) -> Batch:
    places = torch.arange(mask.shape[1])
    names = ("summaries", "separator", "mention_start", "mention_end")
    summaries, separator, start, end = (torch.tensor([row[name] for row in rows])[:, None] for name in names)
    is_summary = mask & (places < summaries)
    is_text = mask & ~is_summary & (places != separator)
    if "candidates" in rows[0]:
        is_text &= places < torch.tensor([row["candidate_start"] for row in rows])[:, None]
    return {"summary_mask": is_summary, "text_mask": is_text, "mention_mask": (places >= start) & (places < end)}


def _candidates(rows: Sequence[Features]) -> Batch:
    starts = np.asarray([row["candidate_start"] for row in rows])
    candidates = pad([row["candidates"] for row in rows], NO_CANDIDATE)
    places = torch.from_numpy(starts)[:, None] + torch.arange(candidates.shape[1])
    return {"candidates": candidates, "candidate_words": places.masked_fill(candidates == NO_CANDIDATE, 0)}
