"""Batches for span models: the annotated cells as a list, so that no grid is built where it is not needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from adaseq.data.data_collators.base import Batch, DataCollator, pad
from adaseq.data.padding import IGNORED
from adaseq.data.preprocessors.base import Features
from adaseq.metainfo import DataCollators
from adaseq.registry import DATA_COLLATORS


class SpanDataCollator(DataCollator):
    """Adds `cells` (N, 4): for each annotated cell its sentence, row, column and class; and, where there are such, `unknown`
    (B, T), True for words that may belong to any entity.

    Args:
        pad_token_id: fills up `input_ids`.
    """

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        batch = super().__call__(features)
        if "cells" not in features[0]:
            return batch
        cells = [np.asarray(each["cells"], np.int64).reshape(-1, 3) for each in features]
        sentences = np.repeat(np.arange(len(cells)), [len(each) for each in cells])
        batch["cells"] = torch.from_numpy(np.column_stack([sentences, np.concatenate(cells)]))
        if any(len(each["unknown"]) for each in features):
            batch["unknown"] = pad([each["unknown"] for each in features], 0, longest_of(batch)).bool()
        return batch


@DATA_COLLATORS.register(DataCollators.SPAN_EXTRACTION, supplied=("pad_token_id",))
class SpanExtractionDataCollatorWithPadding(SpanDataCollator):
    """For models that score every span: `cells` are first word, last word, type; see `SpanDataCollator`."""


@DATA_COLLATORS.register(DataCollators.WORD_EXTRACTION, supplied=("pad_token_id",))
class WordExtractionDataCollatorWithPadding(SpanDataCollator):
    """For models of relations between words: `cells` are a word, another one, the relation; see `SpanDataCollator`."""


@DATA_COLLATORS.register(DataCollators.TWOSTAGE, supplied=("pad_token_id",))
class TwostageDataCollatorWithPadding(SpanDataCollator):
    """Adds `ident_ids` (B, T), the tags of mentions, padded with -100; see `SpanDataCollator` for the types of mentions."""

    def __call__(self, features: Sequence[Features]) -> Batch:
        """Make a batch of B features."""
        batch = super().__call__(features)
        if "ident_ids" in features[0]:
            batch["ident_ids"] = pad([each["ident_ids"] for each in features], IGNORED, longest_of(batch))
        return batch


def longest_of(batch: Batch) -> int:
    """T, the most labelled words of a sentence of a batch."""
    mask = batch["label_mask"] if "label_mask" in batch else batch["tokens"]["mask"]
    return int(mask.shape[1])
