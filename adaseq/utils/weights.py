"""Files of weights."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
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
        weights = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except Exception as error:  # noqa: BLE001 torch, pickle and safetensors each have errors of their own
        raise ModelError(f"the weights in '{path}' cannot be read: {_reason(path, error)}") from None
    if not isinstance(weights, dict) or not all(isinstance(each, Tensor) for each in weights.values()):
        raise ModelError(f"the weights in '{path}' cannot be read: it holds something else than tensors by their names")
    return weights


def _reason(path: Path, error: Exception) -> str:
    """What is wrong with the file, in place of what its readers say (torch advises to run what is in it)."""
    if not path.is_file():
        return "there is no such file"
    if not path.stat().st_size:
        return "the file is empty"
    if isinstance(error, SafetensorError):
        return f"it is damaged, or no safetensors file: {error}"
    if isinstance(error, pickle.UnpicklingError) and "weights_only" in str(error):
        return "it holds something else than tensors by their names, which is not run"
    if isinstance(error, OSError):
        return " ".join(str(error).split())
    return "it is damaged, or no file of weights; was it copied in part?"
