"""A backbone folder: what a pretrained backbone is saved in, for transformers' `AutoModel` and for `model_name_or_path`."""

from __future__ import annotations

import os
from typing import Any

from safetensors.torch import save_file
from torch import nn

from adaseq.data.preprocessors.base import Preprocessor
from adaseq.errors import ModelError
from adaseq.models.base import Model
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from adaseq.utils.files import atomic_folder


def save_backbone_folder(folder: str | os.PathLike[str], model: Model, preprocessor: Preprocessor) -> None:
    """Write the backbone of a model, its tokenizer, and its language head where it has one; what was there is replaced.

    Args:
        folder: where.
        model: the model; adapters in it are merged into the backbone.
        preprocessor: its preprocessor.

    Raises:
        ModelError: the model has no backbone.
        AdaSeqError: the folder cannot be written.
    """
    embedder = getattr(model, "embedder", None)
    if not isinstance(embedder, TransformerEmbedder) or preprocessor.tokenizer is None:
        raise ModelError(f"a {type(model).__name__} without a pretrained backbone has nothing for a backbone folder")
    embedder.merge_adapters()
    backbone = embedder.transformer_model
    prefix = _prefix(backbone)
    weights = {f"{prefix}{name}": value for name, value in backbone.state_dict().items()}
    head: Any = getattr(model, "head_weights", dict)
    weights |= head()
    with atomic_folder(folder) as beside:
        embedder.save_assets(beside)
        contiguous = {name: value.detach().cpu().contiguous().clone() for name, value in weights.items()}
        save_file(contiguous, beside / "model.safetensors", metadata={"format": "pt"})
        preprocessor.tokenizer.save(beside)


def _prefix(backbone: nn.Module) -> str:
    """What stands before the names of a backbone's weights in the checkpoints of its family."""
    name = getattr(backbone, "base_model_prefix", None) or getattr(getattr(backbone, "config", None), "model_type", "")
    return f"{name}." if name else ""
