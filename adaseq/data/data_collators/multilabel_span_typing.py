"""Batches of sentences whose mentions are typed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from adaseq.data.data_collators.base import Batch, DataCollator, pad
from adaseq.data.mentions import split_by
from adaseq.data.padding import IGNORED
from adaseq.data.preprocessors.base import Features
from adaseq.metainfo import DataCollators
from adaseq.registry import DATA_COLLATORS


@DATA_COLLATORS.register(DataCollators.SPAN_TYPING, supplied=("pad_token_id",))
class MultiLabelSpanTypingDataCollatorWithPadding(DataCollator):
    """Lists the mentions of all sentences, so that none has to be padded.

    It adds `mentions` (N, 3): for each the number of its sentence in the batch, its first word, and the one behind its last; and
    `label_ids` (N, T), the ids of its types, padded with -100.

    Args:
        pad_token_id: fills up `input_ids`.
    """

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        return {**super().__call__(features), **mention_tensors(features)}


def mention_tensors(features: Sequence[Features]) -> Batch:
    """`mentions`, and `label_ids` where there are labels; see the class above."""
    rows = [
        (number, start, end)
        for number, each in enumerate(features)
        for start, end in each["mentions"].reshape(-1, 2).tolist()
    ]
    tensors: Batch = {"mentions": torch.tensor(rows, dtype=torch.long).reshape(-1, 3)}
    if "label_ids" in features[0]:
        counts = np.concatenate([each["label_counts"] for each in features])
        ids = np.concatenate([each["label_ids"] for each in features])
        tensors["label_ids"] = pad(split_by(ids, counts), IGNORED)
    return tensors
