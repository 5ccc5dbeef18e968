"""Batches for taggers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from adaseq.data.chunks import split_chunks
from adaseq.data.data_collators.base import Batch, DataCollator, fields_under, label_positions, pad
from adaseq.data.padding import IGNORED, ORIGIN
from adaseq.data.preprocessors.base import Features
from adaseq.metainfo import DataCollators
from adaseq.registry import DATA_COLLATORS


@DATA_COLLATORS.register(DataCollators.SEQUENCE_LABELING, supplied=("pad_token_id",))
class SequenceLabelingDataCollatorWithPadding(DataCollator):
    """Adds `label_ids` (B, L), padded with -100, and `allowed` (B, L, K) where partial annotation restricts the tags.

    What the sentences are without their context words is under `origin`: `tokens`, whose words are the labelled ones.

    Where the context is in chunks, `tokens` are those of the chunks, whose words are the labelled ones; `chunk_rows` (B, C) are the
    chunks of each sentence, its first one again where it has fewer; and `num_words` (B,) counts all words, as `label_positions`
    does.

    Args:
        pad_token_id: fills up `input_ids`.
    """

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        batch = self._chunked(features) if "chunks" in features[0] else super().__call__(features)
        if f"{ORIGIN}input_ids" in features[0]:
            own = [{**each, "index": 0} for each in fields_under(features, ORIGIN)]
            batch["origin"] = {"tokens": super().__call__(own)["tokens"]}
        if "label_ids" not in features[0]:
            return batch
        longest = max(max(len(each["label_ids"]) for each in features), 1)
        batch["label_ids"] = pad([each["label_ids"] for each in features], IGNORED, longest)
        if any(len(each["allowed"]) for each in features):
            batch["allowed"] = _allowed(features, longest)
        return batch

    def _chunked(self, features: Sequence[Features]) -> Batch:
        rows, places = split_chunks(features)
        batch = super().__call__([{**each, "mask": np.empty(0, np.bool_)} for each in rows])
        batch["index"] = torch.tensor([each["index"] for each in features])
        batch["chunk_rows"] = torch.from_numpy(places)
        batch["num_words"] = torch.tensor([len(each["mask"]) for each in features])
        batch.update(label_positions(features, np.asarray([each["num_words"] for each in features])))
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
