"""From the checked configuration to connected components: who supplies what to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.data.data_collators.base import DataCollator
from adaseq.data.preprocessors.base import Preprocessor
from adaseq.metainfo import Embedders
from adaseq.models.base import Model
from adaseq.registry import DATA_COLLATORS, MODELS, PREPROCESSORS


def build_preprocessor(
    preprocessor: Mapping[str, Any], model: Mapping[str, Any], labels: list[str], **supplied: Any
) -> Preprocessor:
    """The preprocessor of a configuration.

    Args:
        preprocessor: the section `preprocessor`.
        model: the section `model`; its embedder names the backbone whose tokenizer is used.
        labels: the label types of the data.
        supplied: what else the data says: `one_label_per_word`, `text_splitter`.
    """
    embedder = model.get("embedder") or {}
    is_word2vec = embedder.get("type") == Embedders.EMBEDDING
    return PREPROCESSORS.build(
        preprocessor,
        labels=labels,
        model_dir=embedder.get("model_name_or_path"),
        is_word2vec=is_word2vec,
        **supplied,
    )


def build_model(model: Mapping[str, Any], preprocessor: Preprocessor) -> Model:
    """The model of a configuration, for the tags and the vocabulary of a preprocessor."""
    vocabulary = preprocessor.vocabulary.words if preprocessor.vocabulary else None
    return MODELS.build(
        model,
        labels=preprocessor.labels,
        id_to_label=getattr(preprocessor, "id_to_label", None),
        tag_scheme=getattr(preprocessor, "tag_scheme", None),
        vocabulary=vocabulary,
    )


def build_collator(data_collator: Mapping[str, Any] | str, preprocessor: Preprocessor) -> DataCollator:
    """The data collator of a configuration."""
    return DATA_COLLATORS.build(data_collator, pad_token_id=preprocessor.pad_token_id)
