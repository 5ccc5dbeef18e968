"""What a run has to survive. `ADASEQ_TORTURE=long` (`make torture`) tries everything more often."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.runs import write_run_config
from tests.torture.processes import keep_files_small, run

IS_LONG = os.environ.get("ADASEQ_TORTURE") == "long"


def times(short: int, long: int) -> int:
    """How often to try something."""
    return long if IS_LONG else short


def write_torture_config(folder: Path) -> Path:
    """A training of 30 batches with everything that has a state, which saves a checkpoint after every fifth."""
    train = {
        "max_epochs": 2,
        "ema_decay": 0.5,
        "optimizer": {"type": "AdamW", "lr": 0.02, "options": {"cumulative_iters": 2, "grad_clip": {"max_norm": 1.0}}},
        "hooks": [
            {"type": "TextLoggerHook", "interval": 4},
            {"type": "BestCkptSaverHook", "max_checkpoint_num": 2},
            {"type": "CheckpointHook", "interval": 5, "by_epoch": False, "max_checkpoint_num": 2},
        ],
    }
    return write_run_config(folder, train=train)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration; tests only read it and its data."""
    return write_torture_config(tmp_path_factory.mktemp("torture"))


@pytest.fixture(scope="session")
def undisturbed(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    status, printed = run(folder / "printed", "train", "-c", config, "-w", folder / "run", "-d", "cpu")
    assert status == 0, printed
    return folder / "run"


@dataclass
class Disk:
    """A folder for which there is not enough room.

    Args:
        folder: where.
        before: to be called in a process that writes there.
        is_mounted: a disk of its own; otherwise the files of such a process cannot get long.
    """

    folder: Path
    before: Callable[[], None] | None
    is_mounted: bool

    def make_room(self) -> None:
        """From now on there is enough."""
        if self.is_mounted:
            _mount(self.folder, "remount,size=100m")
        self.before = None

    def make_read_only(self) -> Path:
        """From now on nothing can be written, by nobody.

        Returns:
            A folder in which that is so.
        """
        if self.is_mounted:
            _mount(self.folder, "remount,ro")
            return self.folder
        self.folder.chmod(0o555)
        if not os.access(self.folder, os.W_OK):
            return self.folder
        # Rights are nothing to an administrator; a file in the way is.
        (self.folder / "file").write_text("")
        return self.folder / "file"


@pytest.fixture
def make_disk(tmp_path: Path, undisturbed: Path) -> Iterator[Callable[[float], Disk]]:
    """Makes folders with room for such a share of what a run needs at least."""
    mounted = []

    def make(share: float) -> Disk:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        sizes = [path.stat().st_size for path in undisturbed.rglob("*") if path.is_file()]
        pages = sum(-(-size // 4096) for size in sizes)
        if _mount(folder, f"size={max(round(pages * share), 1) * 4}k"):
            mounted.append(folder)
            return Disk(folder, None, True)
        return Disk(folder, functools.partial(keep_files_small, round(max(sizes) * share)), False)

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
