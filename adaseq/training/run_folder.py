"""The folder that a run writes into: made or taken over without surprises, and used by one run at a time."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from adaseq.errors import AdaSeqError
from adaseq.utils.files import clean_leftovers, writing
from adaseq.utils.locks import lock_file

logger = logging.getLogger(__name__)

CONFIG, METRICS, RECORD, BEST_MODEL, BEST_WEIGHTS = (
    "config.yaml",
    "metrics.json",
    "run.json",
    "output_best",
    "best_model.pth",
)
CHECKPOINTS, PREDICTIONS, LOG, NONFINITE_BATCH = "checkpoints", "pred.txt", "out.log", "nonfinite_batch.json"
BACKBONE = "backbone"
_LOCK = ".lock"
_WORKER_LOGS = "out_worker*.log"
# What a run may write: `--force` removes these and nothing else.
_OUTPUTS = (
    CONFIG,
    METRICS,
    RECORD,
    BEST_MODEL,
    BEST_WEIGHTS,
    CHECKPOINTS,
    PREDICTIONS,
    LOG,
    _WORKER_LOGS,
    "best_*.pth",
    "epoch_*.pth",
    "iter_*.pth",
    "output",
    "tensorboard_output",
    NONFINITE_BATCH,
    BACKBONE,
    ".*.tmp",
)

# POSIX record locks do not keep one process from locking a file twice.
_held: set[Path] = set()


class RunFolder:
    """An existing folder, locked for this run.

    Args:
        path: the folder.

    Raises:
        AdaSeqError: another run is writing into it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: IO[str] | None = self._take_lock()

    @classmethod
    def open(cls, path: Path, force: bool = False, resume: bool = False) -> RunFolder:
        """Make a folder, or take one over.

        Args:
            path: the folder.
            force: remove what an earlier run has left there; files of other origin stay.
            resume: it must exist, and is taken as it is.

        Raises:
            AdaSeqError: it is not empty, or cannot be used.
        """
        if resume and not path.is_dir():
            raise AdaSeqError(
                f"Cannot resume: there is no run folder {path}. Its name is printed at the start of a run."
            )
        if path.exists() and not path.is_dir():
            raise AdaSeqError(f"The output folder {path} is a file. Choose another with -w or -n.")
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        folder = cls(path)
        try:
            # Only now: another run may just have come to its end.
            if resume:
                clean_leftovers(path)
            elif force or _failed_at_once(path):
                folder.clear()
            else:
                _require_empty(path)
        except BaseException:
            folder.release()
            raise
        return folder

    @classmethod
    def create(cls, parent: Path, name: str | None = None, force: bool = False, resume: bool = False) -> RunFolder:
        """Make the folder of a run in the folder of its experiment.

        Args:
            parent: the folder of the experiment.
            name: that of the run; by default the UNIX time, with a number behind it if that is taken.
            force: remove what an earlier run of that name has left.
            resume: the run of that name is taken up again.
        """
        if name:
            return cls.open(parent / name, force, resume)
        if resume:
            known = [path for path in parent.glob("*") if (path / CONFIG).is_file()]
            newest = max(known, key=lambda path: path.stat().st_mtime, default=None)
            hint = f" The newest here is {newest}." if newest else ""
            raise AdaSeqError(f"--resume needs to know which run: name it with -n, or its folder with -w.{hint}")
        with writing(parent):
            for path in _free_names(parent / str(int(time.time()))):
                try:
                    path.mkdir(parents=True)
                except FileExistsError:
                    continue
                return cls(path)
        raise AssertionError("names never run out")

    def clear(self) -> None:
        """Remove what a run has written here."""
        with writing(self.path):
            for pattern in _OUTPUTS:
                for path in self.path.glob(pattern):
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        left = _contents(self.path)
        if left:
            logger.warning("Left as they are, being of other origin: %s in %s", ", ".join(left[:5]), self.path)

    def release(self) -> None:
        """Let other runs use the folder."""
        if self._lock is not None:
            # As long as it is locked: a run that takes the lock in between would lose its file, and the next one would not see it.
            with contextlib.suppress(OSError):
                (self.path / _LOCK).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None
            _held.discard(self.path)
            if os.name == "nt":  # where open files cannot be removed
                (self.path / _LOCK).unlink(missing_ok=True)

    def _take_lock(self) -> IO[str] | None:
        path = self.path / _LOCK
        if self.path in _held:
            raise AdaSeqError(f"Another run of this program is writing into {self.path}.")
        with writing(path):
            file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - held until release
        if not lock_file(file):
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise AdaSeqError(
                f"Another run ({holder}) is writing into {self.path}. Choose another folder with -w or -n, or wait."
            )
        if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            # The run before removed its lock file in just this moment.
            file.close()
            return self._take_lock()
        with contextlib.suppress(OSError):  # on a full disk; it is for a message only
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()} on {socket.gethostname()}".encode())
        _held.add(self.path)
        return file


def log_file(folder: Path, rank: int) -> Path:
    """The text log of a process."""
    return folder / (LOG if rank == 0 else f"out_worker{rank}.log")


def _failed_at_once(path: Path) -> bool:
    """Whether a run was here that failed before it had its data: it has left its logs and its record, and nothing to lose."""
    found = _contents(path)
    return RECORD in found and all(name in (RECORD, LOG) or fnmatch(name, _WORKER_LOGS) for name in found)


def _require_empty(path: Path) -> None:
    found = _contents(path)
    if found:
        raise AdaSeqError(
            f"The output folder {path} is not empty: it holds {', '.join(found[:3])}{' …' if len(found) > 3 else ''}. "
            "Choose another with -w or -n, continue its run with --resume, or overwrite it with --force."
        )


def _contents(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir() if each.name != _LOCK) if path.is_dir() else []


def _free_names(path: Path) -> Iterator[Path]:
    yield path
    number = 1
    while True:
        yield path.with_name(f"{path.name}-{number}")
        number += 1
