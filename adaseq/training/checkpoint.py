"""Checkpoints for resuming: `checkpoints/step-<N>/`, each written whole or not at all, with check sums.

model.safetensors     the weights
state.pt              everything else, read with `weights_only`
files/                hard links to files of the run folder that belong to this moment (the best weights so far)
manifest.json         size and SHA-256 of every file
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_model
from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.training.state import plain
from adaseq.utils.checksums import digest_of
from adaseq.utils.files import add_name, atomic_folder, atomic_write, clean_leftovers, discard_folder

logger = logging.getLogger(__name__)

_WEIGHTS, _STATE, _FILES, _MANIFEST = "model.safetensors", "state.pt", "files", "manifest.json"


class Checkpoints:
    """The checkpoints of a run.

    Args:
        folder: where they lie, in the run folder.
        keep: how many of the newest to keep.
    """

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep

    def save(self, step: int, model: nn.Module, state: dict[str, Any], files: Iterable[Path] = ()) -> Path:
        """Write a checkpoint and remove the oldest ones, and those of later steps: the run went on from before them.

        Args:
            step: the number of optimizer steps so far.
            model: whose weights to save.
            state: everything else, as plain values and tensors.
            files: files of the run folder to keep with it.

        Raises:
            AdaSeqError: the disk is full or cannot be written; earlier checkpoints are untouched.
        """
        target = self.folder / f"step-{step}"
        with atomic_folder(target) as folder:
            save_model(model, str(folder / _WEIGHTS), metadata={"format": "pt"})
            with open(folder / _STATE, "wb") as file:
                torch.save(plain(state, "the run"), file)
            for path in files:
                kept = folder / _FILES / path.relative_to(self.folder.parent)
                kept.parent.mkdir(parents=True, exist_ok=True)
                add_name(path, kept)
            manifest = {str(p.relative_to(folder)): _facts(p) for p in _files_in(folder)}
            (folder / _MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        steps = self._steps()
        place = steps.index(step)
        for other in steps[:place] + steps[place + self.keep :]:
            discard_folder(self.folder / f"step-{other}")
        return target

    def latest(self) -> Path | None:
        """The newest checkpoint that is whole; damaged ones are named in a warning and passed over."""
        for step in self._steps():
            path = self.folder / f"step-{step}"
            problem = _problem(path)
            if problem is None:
                return path
            logger.warning("The checkpoint %s is damaged (%s); trying the one before it.", path, problem)
        return None

    def clean(self) -> None:
        """Remove what a killed process left half-written."""
        if self.folder.is_dir():
            clean_leftovers(self.folder)

    def remove(self) -> None:
        """Remove all checkpoints."""
        discard_folder(self.folder)

    def _steps(self) -> list[int]:
        names = os.listdir(self.folder) if self.folder.is_dir() else []
        return sorted((int(m[1]) for m in (re.fullmatch(r"step-(\d+)", name) for name in names) if m), reverse=True)


def load_checkpoint(path: Path, model: nn.Module) -> dict[str, Any]:
    """Load the weights of a checkpoint into a model.

    Returns:
        The state that was saved with them.

    Raises:
        AdaSeqError: the weights do not fit the model.
    """
    try:
        load_model(model, str(path / _WEIGHTS), strict=True)
    except RuntimeError as error:
        raise AdaSeqError(f"The checkpoint {path} does not fit this model: {error}") from None
    state: dict[str, Any] = torch.load(path / _STATE, map_location="cpu", weights_only=True)
    return state


def restore_files(path: Path, folder: Path) -> None:
    """Put the files that were kept with a checkpoint back into the run folder."""
    for kept in _files_in(path / _FILES):
        target = folder / kept.relative_to(path / _FILES)
        if not target.exists() or not os.path.samefile(kept, target):
            with open(kept, "rb") as source, atomic_write(target, "wb") as copy:
                shutil.copyfileobj(source, copy)


def save_weights(path: Path, weights: dict[str, Any]) -> None:
    """Write a state dict as `torch.save` does, atomically."""
    with atomic_write(path, "wb") as file:
        torch.save(weights, file)


def _files_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _facts(path: Path) -> dict[str, Any]:
    return {"size": path.stat().st_size, "sha256": digest_of(path)}


def _problem(path: Path) -> str | None:
    try:
        manifest = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
        for name, facts in manifest.items():
            if _facts(path / name) != facts:
                return f"{name} has changed since it was written"
        missing = {_WEIGHTS, _STATE} - manifest.keys()
    except (OSError, ValueError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"
    return f"it has no {min(missing)}" if missing else None
