"""Features for models of relations between words."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from adaseq.data.preprocessors.base import Features
from adaseq.data.preprocessors.spans import AnnotatedSpan, SpanPreprocessor, as_cells
from adaseq.metainfo import Preprocessors
from adaseq.registry import PREPROCESSORS


@PREPROCESSORS.register(
    Preprocessors.WORD_EXTRACTION, supplied_unless_given=("labels", "model_dir", "is_word2vec", "text_splitter")
)
class WordExtractionPreprocessor(SpanPreprocessor):
    """Adds `cells` int32 `(3 N,)` for training: pairs of words and what is between them (Li et al. 2022, section 3).

    From each word of an entity to its next one the class is 0; from its last word to its first one it is 1 + the type.
    """

    def label_features(self, spans: list[AnnotatedSpan], unknown: np.ndarray) -> Features:
        """The cells; see the class."""
        cells = []
        for words, label in spans:
            cells += [(first, second, 0) for first, second in pairwise(words.tolist())]
            cells.append((int(words[-1]), int(words[0]), label + 1))
        return {"cells": as_cells(cells)}
