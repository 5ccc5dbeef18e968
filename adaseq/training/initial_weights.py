"""Weights to begin a training with, or to test: from a file, a model folder or a run folder."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.models.base import Model
from adaseq.models.model_folder import external_weights
from adaseq.training.run_folder import BEST_WEIGHTS
from adaseq.utils.weights import read_weight_file

_FILES = (BEST_WEIGHTS, "model.safetensors", "pytorch_model.bin")
_SHOWN = 3


def load_initial_weights(model: nn.Module, path: Path) -> None:
    """Load weights into a model; every one of them must find its place.

    Args:
        model: the model.
        path: a state dict (`best_model.pth`), a `.safetensors` file, or a folder with one of them.

    Raises:
        AdaSeqError: there are none, they cannot be read, or they are those of another model.
    """
    file = _find(path)
    weights = read_weight_file(file)
    if isinstance(model, Model):
        weights = model.upgraded(weights)
    own = model.state_dict()
    # Older backbones saved the positions 0, 1, 2, … among their weights.
    unexpected = [name for name in weights if name not in own and not name.endswith("position_ids")]
    brought = external_weights(model) if isinstance(model, Model) else set()
    missing = [name for name in own if name not in weights and name not in brought]
    wrong = [name for name in own if name in weights and weights[name].shape != own[name].shape]
    if missing or unexpected or wrong:
        problems = [
            f"{what}: {', '.join(names[:_SHOWN])}{' …' if len(names) > _SHOWN else ''}"
            for what, names in (("missing", missing), ("left over", unexpected), ("of another shape", wrong))
            if names
        ]
        raise AdaSeqError(f"The weights in {file} are not those of this model ({'; '.join(problems)}).")
    model.load_state_dict({name: weights.get(name, value) for name, value in own.items()})


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    found = [path / name for name in _FILES if (path / name).is_file()]
    if not found:
        raise AdaSeqError(
            f"There are no weights at {path}. -ckpt takes a weights file, or a folder with one of {', '.join(_FILES)}."
        )
    return found[0]
