"""Features for models that score every span."""

from __future__ import annotations

import numpy as np

from adaseq.data.preprocessors.base import Features
from adaseq.data.preprocessors.spans import AnnotatedSpan, SpanPreprocessor, as_cells, is_contiguous
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS


@PREPROCESSORS.register(
    Preprocessors.SPAN_EXTRACTION, supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter")
)
class SpanExtractionPreprocessor(SpanPreprocessor):
    """Adds `cells` int32 `(3 N,)` for training: the first word, the last word and the type of each entity.

    Discontinuous entities are left out: no span says what they are.
    """

    def label_features(self, spans: list[AnnotatedSpan], unknown: np.ndarray) -> Features:
        """The cells; see the class."""
        whole = [each for each in spans if is_contiguous(each)]
        return {"cells": as_cells([(int(words[0]), int(words[-1]), label) for words, label in whole])}
