"""`run.json`: what a run is, what it runs on, and how it ended."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from adaseq.training.run_folder import RECORD
from adaseq.training.runtime import Runtime
from adaseq.utils.files import write_json
from adaseq.version import __version__

RUNNING, FINISHED, INTERRUPTED, FAILED = "running", "finished", "interrupted", "failed"
_LIBRARIES = ("torch", "transformers", "tokenizers", "accelerate", "safetensors", "numpy", "pyarrow")


class RunRecord:
    """The record of a run, on disk from its start to its end.

    Args:
        folder: the run folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORD
        self.values: dict[str, Any] = _read(self._path)

    @property
    def is_finished(self) -> bool:
        """Whether the run has come to its end."""
        return self.values.get("status") == FINISHED

    def start(self, runtime: Runtime, seed: int, data: dict[str, str], initial: str | None) -> None:
        """Note what the run is made of; of a run that is resumed, the first start is kept.

        Args:
            runtime: where it runs.
            seed: its seed.
            data: fingerprints of its data, by split.
            initial: where the weights lie that it began with, if they were given.
        """
        self.values = {
            "status": RUNNING,
            "started": self.values.get("started") or _now(),
            "seed": seed,
            "processes": runtime.world_size,
            "device": str(runtime.device),
            "versions": _versions(),
            "data": data,
            "initial_weights": initial,
        }
        self._write()

    def end(self, status: str, **values: Any) -> None:
        """Note how the run ended."""
        self.values = {**self.values, "status": status, "ended": _now(), **values}
        self._write()

    def _write(self) -> None:
        write_json(self._path, self.values)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    versions = {"adaseq": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
