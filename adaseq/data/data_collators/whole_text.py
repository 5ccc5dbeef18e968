"""Batches for tasks that judge a text as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from adaseq.data.data_collators.base import Batch, DataCollator, as_tensors, fields_under, pad
from adaseq.data.padding import IGNORED, ORIGIN, whole_text_masks
from adaseq.data.preprocessors.base import Features
from adaseq.metainfo import DataCollators
from adaseq.registry import DATA_COLLATORS


@DATA_COLLATORS.register(DataCollators.WHOLE_TEXT, supplied=("pad_token_id",))
class DataCollatorWithPadding(DataCollator):
    """Says which words are what, and which labels hold.

    It adds `summary_mask` (B, L), True for the words that stand for whole windows; `text_mask` (B, L), True for the words of
    the text, or of both texts; `entities` (B, 4), the places of the markers of subject and object, where there are such; and
    `label_ids` (B, T), padded with -100. What the text is without its context words is under `origin`, in the same form.

    Args:
        pad_token_id: fills up `input_ids`.
    """

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        batch = super().__call__(features)
        batch.update(as_tensors(whole_text_masks(features, batch["tokens"]["mask"].numpy())))
        if "entities" in features[0]:
            batch["entities"] = torch.from_numpy(np.stack([each["entities"] for each in features]).astype(np.int64))
        if "label_ids" in features[0]:
            longest = max(max(len(each["label_ids"]) for each in features), 1)
            batch["label_ids"] = pad([each["label_ids"] for each in features], IGNORED, longest)
        if f"{ORIGIN}input_ids" in features[0]:
            batch["origin"] = self([{**each, "index": 0} for each in fields_under(features, ORIGIN)])
        return batch
