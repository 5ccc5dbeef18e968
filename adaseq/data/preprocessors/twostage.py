"""Features for models that find mentions first, and their types then."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaseq.data.padding import ANY_TAG
from adaseq.data.preprocessors.base import Features
from adaseq.data.preprocessors.spans import AnnotatedSpan, SpanPreprocessor, as_cells, is_contiguous
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS
from adaseq.utils.tag_schemes import MENTION_TAGS, spans_to_tags

_IDS = {tag: number for number, tag in enumerate(MENTION_TAGS)}


@PREPROCESSORS.register(
    Preprocessors.TWOSTAGE, supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter")
)
class TwostagePreprocessor(SpanPreprocessor):
    """Adds for training the tags of mentions, and their types.

    * `ident_ids` int32 `(T,)`: O, B-SPAN, I-SPAN, E-SPAN, S-SPAN as 0 to 4; -1 where any of them may be right. Of entities that
      overlap the longest one is tagged.
    * `cells` int32 `(3 N,)`: the first word, the last word and the type of each entity.

    Discontinuous entities are left out: no tags spell them.
    """

    def label_features(self, spans: list[AnnotatedSpan], unknown: np.ndarray) -> Features:
        """Tags and types; see the class."""
        cells = [(int(words[0]), int(words[-1]), label) for words, label in filter(is_contiguous, spans)]
        mentions: list[dict[str, Any]] = [{"start": a, "end": b + 1, "type": "SPAN"} for a, b, _ in cells]
        tags = spans_to_tags(mentions, len(unknown), "BIOES")
        ids = np.fromiter((_IDS[tag] for tag in tags), np.int32, len(tags))
        ids[unknown] = ANY_TAG
        return {"ident_ids": ids, "cells": as_cells(cells)}
