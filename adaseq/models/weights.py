"""The weights of a model folder, or of a file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from adaseq.errors import ModelError
from adaseq.models.configuration_file import OLD_WEIGHTS_FILE, WEIGHTS_FILE


def read_weights(path: Path) -> dict[str, Tensor]:
    """A state dict; nothing in the file is run.

    Args:
        path: a model folder, a `.safetensors` file, or one that torch wrote.

    Raises:
        ModelError: there are no weights, or they cannot be read.
    """
    file = path
    if path.is_dir():
        found = [path / name for name in (WEIGHTS_FILE, OLD_WEIGHTS_FILE, "best_model.pth") if (path / name).is_file()]
        if not found:
            raise ModelError(f"the folder '{path}' has no weights: neither {WEIGHTS_FILE} nor {OLD_WEIGHTS_FILE}")
        file = found[0]
    if not file.is_file():
        raise ModelError(f"there are no weights at '{path}'")
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 torch, pickle and safetensors each have errors of their own
        raise ModelError(f"the weights in '{file}' cannot be read: {' '.join(str(error).split())[:400]}") from None
    if not isinstance(weights, dict) or not all(isinstance(each, Tensor) for each in weights.values()):
        raise ModelError(f"the weights in '{file}' cannot be read: it holds something else than tensors by their names")
    return weights
