"""Files of weights."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from adaseq.errors import ModelError


def read_weight_file(path: Path) -> dict[str, Tensor]:
    """A state dict, on the CPU; nothing in the file is run.

    Args:
        path: a `.safetensors` file, or one that torch wrote.

    Raises:
        ModelError: it cannot be read, or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 torch, pickle and safetensors each have errors of their own
        raise ModelError(f"the weights in '{path}' cannot be read: {' '.join(str(error).split())[:400]}") from None
    if not isinstance(weights, dict) or not all(isinstance(each, Tensor) for each in weights.values()):
        raise ModelError(f"the weights in '{path}' cannot be read: it holds something else than tensors by their names")
    return weights
