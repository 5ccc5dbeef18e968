"""The weights of a model folder, or of a file."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from adaseq.errors import ModelError
from adaseq.models.configuration_file import OLD_WEIGHTS_FILE, WEIGHTS_FILE
from adaseq.utils.weights import read_weight_file


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
    return read_weight_file(file)
