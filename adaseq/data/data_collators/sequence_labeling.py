"""Batches for taggers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from adaseq.data.data_collators.base import Batch, DataCollator, pad
from adaseq.data.preprocessors.base import Features
from adaseq.metainfo import DataCollators
from adaseq.registry import DATA_COLLATORS

IGNORED = -100


@DATA_COLLATORS.register(DataCollators.SEQUENCE_LABELING, supplied=("pad_token_id",))
class SequenceLabelingDataCollatorWithPadding(DataCollator):
    """Adds `label_ids` (B, L), padded with -100, and `allowed` (B, L, K) where partial annotation restricts the tags.

    Args:
        pad_token_id: fills up `input_ids`.
    """

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        batch = super().__call__(features)
        if "label_ids" not in features[0]:
            return batch
        longest = batch["tokens"]["mask"].shape[1]
        batch["label_ids"] = pad([each["label_ids"] for each in features], IGNORED, longest)
        if any(len(each["allowed"]) for each in features):
            batch["allowed"] = _allowed(features, longest)
        return batch


def _allowed(features: Sequence[Features], longest: int) -> torch.Tensor:
    """`(B, L, K)`; a sentence without restrictions of its own allows the tags that its `label_ids` say."""
    num_tags = next(len(f["allowed"]) // len(f["label_ids"]) for f in features if len(f["allowed"]))
    table = np.ones((len(features), longest, num_tags), np.bool_)
    for target, each in zip(table, features, strict=True):
        count = len(each["label_ids"])
        if len(each["allowed"]):
            target[:count] = each["allowed"].reshape(count, num_tags)
        else:
            known = np.flatnonzero(each["label_ids"] >= 0)
            target[known] = False
            target[known, each["label_ids"][known]] = True
    return torch.from_numpy(table)
