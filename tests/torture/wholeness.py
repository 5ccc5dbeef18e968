"""What anybody may find who opens the files of a run at any moment: whole ones, or none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import torch
from safetensors.torch import load_file

from adaseq.config import load_config
from adaseq.data.store.rows import ArrowStore
from adaseq.models.model_folder import load_model_folder
from adaseq.utils.checksums import digest_of

LOCK = ".lock"
# Readers pass over what is hidden: locks, and what is being written.
_HIDDEN = re.compile(r"\.lock|\..+\.tmp")


def assert_all_is_whole(folder: Path, undisturbed: Path) -> None:
    """Open everything in a run folder as its readers do.

    Args:
        folder: the run folder; it need not exist.
        undisturbed: that of the same run, finished.
    """
    known = {path.name for path in undisturbed.iterdir()}
    for path in folder.iterdir() if folder.exists() else ():
        if path.name.startswith("."):
            assert _HIDDEN.fullmatch(path.name), f"{path} is neither a lock nor temporary"
        elif path.name == "checkpoints":
            _check_checkpoints(path)
        elif path.suffix == ".pth":
            weights = torch.load(path, weights_only=True)
            assert weights and all(value.isfinite().all() for value in weights.values()), path
        elif path.name == "metrics.json":
            assert all(isinstance(json.loads(line), dict) for line in path.read_text(encoding="utf-8").splitlines())
        elif path.name == "config.yaml":
            assert load_config(path, check_components=False).task == "named-entity-recognition"
        elif path.name == "nonfinite_batch.json":
            assert json.loads(path.read_text(encoding="utf-8"))["examples"]
        elif path.name == "run.json":
            assert json.loads(path.read_text(encoding="utf-8"))["status"] in (
                "running",
                "finished",
                "interrupted",
                "failed",
            )
        elif path.name == "pred.txt":
            assert path.read_bytes() == (undisturbed / path.name).read_bytes()
        elif path.is_dir():
            load_model_folder(path)
            assert (path / "README.md").read_text(encoding="utf-8").endswith("\n")
        else:
            assert path.name in known, path


def assert_cache_is_whole(cache: Path) -> None:
    """Open every store in a cache."""
    for path in cache.rglob("*.arrow") if cache.exists() else ():
        if not path.name.startswith("."):
            store = ArrowStore(path)
            assert len(list(store)) == len(store) > 0


def _check_checkpoints(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name.startswith("."):
            assert _HIDDEN.fullmatch(path.name), path
            continue
        assert re.fullmatch(r"step-\d+", path.name), path
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        assert {"model.safetensors", "state.pt"} <= manifest.keys()
        for name, facts in manifest.items():
            assert digest_of(path / name) == facts["sha256"], path / name
        assert load_file(path / "model.safetensors") and torch.load(path / "state.pt", weights_only=True)
