"""A corpus and a configuration in the folder of the test."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs import write_run_config

# A hook of a user's own that stops the run at a given batch, as a user, a scheduler or a power cut would.
STOPPER = """
import os, signal
from adaseq.training.hooks.base import Hook

class Stop(Hook):
    order = 99

    def after_step(self, trainer):
        if trainer.progress.iteration == int(os.environ.get("STOP_AT", "0")):
            os.kill(os.getpid(), int(os.environ["STOP_BY"]))
"""


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes the data and a configuration; keyword arguments replace its sections or are merged into `train`."""
    return functools.partial(write_run_config, tmp_path)


@pytest.fixture
def stopping_hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Checkpoints after every third batch, and a stop by the signal `STOP_BY` at the batch `STOP_AT`."""
    (tmp_path / "stopper.py").write_text(STOPPER)
    monkeypatch.syspath_prepend(tmp_path)
    saving = {"type": "CheckpointHook", "interval": 3, "by_epoch": False, "save_last": False, "max_checkpoint_num": 1}
    return [saving, {"type": "stopper:Stop"}]
