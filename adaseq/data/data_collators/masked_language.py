"""Batches for masked language models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from adaseq.data.data_collators.base import Batch, DataCollator
from adaseq.data.preprocessors.base import Features
from adaseq.metainfo import DataCollators
from adaseq.registry import DATA_COLLATORS


@DATA_COLLATORS.register(DataCollators.MASKED_LANGUAGE, supplied=("pad_token_id",))
class MaskedLanguageDataCollatorWithPadding(DataCollator):
    """Adds `boundary` (B, L, F), the boundary features of words, where there are such. Nothing is masked here: the model does.

    Args:
        pad_token_id: fills up `input_ids`.
    """

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        batch = super().__call__(features)
        if "boundary" in features[0]:
            longest = int(batch["tokens"]["mask"].shape[1])
            counted = next((each for each in features if each["num_words"]), None)
            width = len(counted["boundary"]) // counted["num_words"] if counted else 1
            table = np.zeros((len(features), longest, width), np.float32)
            for row, each in zip(table, features, strict=True):
                row[: each["num_words"]] = np.asarray(each["boundary"]).reshape(-1, width)
            batch["boundary"] = torch.from_numpy(table)
        return batch
