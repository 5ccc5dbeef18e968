"""Running the trials of a grid: one after the other on each device, in the foreground or on its own in the background."""

from __future__ import annotations

import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from adaseq.config import ConfigError
from adaseq.config.reader import read_as_written, read_text
from adaseq.config.validation import Field, Section, check_value
from adaseq.tuning.grid import Grid, Trial
from adaseq.utils.cache import writable_cache
from adaseq.utils.files import atomic_write, writing
from adaseq.utils.locks import lock_file

CPU = "cpu"


class _Environment(Section):
    """The keys of an environment file."""

    python_interpreter: str | None = Field(None, description="the Python to run it with")
    python_file: str | None = Field(None, description="the module to run: adaseq, or a script such as scripts.train")
    envs: str | list[str] | None = Field(None, description="lines of shell to run before")
    trainer: str | None = Field(None, description="train.trainer for all runs")


@dataclass(frozen=True)
class Launcher:
    """How a run is started.

    Args:
        interpreter: the Python to run it with.
        module: the module to run, `adaseq` for the command line, or a script such as `scripts.train`.
        setup: lines of shell to run before.
        trainer: `train.trainer` for all runs.
    """

    interpreter: str = sys.executable
    module: str = "adaseq"
    setup: tuple[str, ...] = ()
    trainer: str | None = None

    @classmethod
    def read(cls, path: Path) -> Launcher:
        """Read an environment file.

        Raises:
            ConfigError: it is not as it should be.
        """
        document = read_as_written(read_text(path), str(path))
        values = check_value(_Environment, document.data, document, ())
        if document.problems:
            raise ConfigError(document.problems)
        envs = values.envs or []
        return cls(
            values.python_interpreter or sys.executable,
            (values.python_file or "adaseq").removesuffix(".py").replace("/", "."),
            tuple(envs.splitlines() if isinstance(envs, str) else envs),
            values.trainer,
        )

    def command(self, grid: Grid, trial: Trial, device: str) -> list[str]:
        """The command line of a run; one that was broken off is taken up again."""
        folder = grid.folder / trial.name
        arguments = [self.interpreter, "-m", self.module, *(["train"] if self.module == "adaseq" else [])]
        arguments += ["-c", str(grid.config_path), "-w", str(folder), "-d", CPU if device == CPU else "gpu"]
        arguments += ["--resume"] if (folder / "config.yaml").exists() else []
        overrides = [*trial.overrides, *([f"train.trainer={self.trainer}"] if self.trainer else [])]
        for override in overrides:
            arguments += ["--set", override]
        if not self.setup:
            return arguments
        return ["bash", "-c", "\n".join([*self.setup, f"exec {shlex.join(arguments)}"])]


@dataclass
class Runner:
    """Runs what is not finished of a grid.

    Args:
        grid: the grid.
        launcher: how to start a run.
        devices: `cpu`, or the numbers of GPUs; one run at a time on each.
        log: where the output of the runs goes.
    """

    grid: Grid
    launcher: Launcher
    devices: Sequence[str]
    log: Path
    failed: list[str] = field(default_factory=list)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _is_stopping: bool = False

    def run(self) -> list[str]:
        """Run, until all is done or SIGTERM or SIGINT comes; the runs under way then save and end.

        Returns:
            The names of the runs that failed.

        Raises:
            KeyboardInterrupt: it was told to stop.
        """
        waiting: queue.SimpleQueue[Trial] = queue.SimpleQueue()
        for trial in self.grid.trials:
            if not is_finished(self.grid.folder / trial.name):
                waiting.put(trial)
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, self._stop)
        threads = [threading.Thread(target=self._work, args=(device, waiting)) for device in self.devices]
        with _announced(self.grid.config_path), _open_log(self.log) as log:
            self._log = log
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    # A signal that comes just before a wait without end is not looked at until that wait is over.
                    thread.join(timeout=1)
        if self._is_stopping:
            raise KeyboardInterrupt("stopped; the same command goes on with what is not finished")
        return self.failed

    def _work(self, device: str, waiting: queue.SimpleQueue[Trial]) -> None:
        environment = os.environ if device == CPU else {**os.environ, "CUDA_VISIBLE_DEVICES": device}
        while not self._is_stopping:
            try:
                trial = waiting.get_nowait()
            except queue.Empty:
                return
            command = self.launcher.command(self.grid, trial, device)
            print(f"{device}: {trial.name} starts", flush=True)
            try:
                process = subprocess.Popen(command, env=environment, stdout=self._log, stderr=subprocess.STDOUT)
            except OSError as error:
                print(f"{device}: {trial.name} cannot start: {error}", flush=True)
                self.failed.append(trial.name)
                continue
            self._running[trial.name] = process
            if self._is_stopping:
                process.terminate()
            status = process.wait()
            del self._running[trial.name]
            print(f"{device}: {trial.name} {'done' if status == 0 else f'ended with status {status}'}", flush=True)
            if status and not self._is_stopping:
                self.failed.append(trial.name)

    def _stop(self, *_: Any) -> None:
        self._is_stopping = True
        for process in list(self._running.values()):
            process.terminate()


def is_finished(folder: Path) -> bool:
    """Whether a run has come to its end."""
    try:
        return bool(json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"] == "finished")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def start_in_background(arguments: Sequence[str], log: Path) -> int:
    """Start this program again with other arguments, on its own.

    Returns:
        The number of the process.
    """
    with _open_log(log) as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "adaseq", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return process.pid


def _open_log(path: Path) -> IO[bytes]:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "ab")


def stop_all(config_path: Path | None = None) -> list[int]:
    """Tell the grids that are running, or the one of a configuration, to stop.

    Returns:
        The numbers of their processes.
    """
    stopped = []
    for note in _notes().glob("*.json"):
        with open(note, "r+b") as file:
            if lock_file(file):  # nobody holds it any more
                note.unlink(missing_ok=True)
                continue
            held = json.loads(file.read() or b"{}")
        if "process" in held and (config_path is None or held["config"] == str(config_path.resolve())):
            os.kill(held["process"], signal.SIGTERM)
            stopped.append(held["process"])
    return stopped


class _announced:
    """While it lasts, a note says which process runs which grid; a lock on it dies with the process."""

    def __init__(self, config_path: Path) -> None:
        self._content = {"process": os.getpid(), "config": str(config_path.resolve())}
        self._path = _notes() / f"{os.getpid()}.json"

    def __enter__(self) -> None:
        with atomic_write(self._path) as file:
            json.dump(self._content, file)
        self._file = open(self._path, "r+b")
        lock_file(self._file)

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


def _notes() -> Path:
    return writable_cache(None) / "grids"
