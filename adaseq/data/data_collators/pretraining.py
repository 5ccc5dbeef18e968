"""Batches for the model that learns mentions, their types, and to look for types that it is asked for."""

from __future__ import annotations

from adaseq.data.data_collators.spans import TwostageDataCollatorWithPadding
from adaseq.metainfo import DataCollators
from adaseq.registry import DATA_COLLATORS


@DATA_COLLATORS.register(DataCollators.PRETRAINING, supplied=("pad_token_id",))
class PretrainingDataCollatorWithPadding(TwostageDataCollatorWithPadding):
    """Those of two stages, where `cells` may hold a mention several times, with different types. The model adds prompts."""
