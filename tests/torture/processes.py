"""Command lines in processes of their own, so that these can be killed.

Each is forked from a server that has imported the library already: it starts in a moment, and shares nothing with the tests.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

# A guard against hanging, and no claim about speed.
PATIENCE = 180

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.torture.preload"])


@dataclass
class Command:
    """A command line that was started.

    Args:
        process: it.
        output: what it prints.
    """

    process: ForkServerProcess
    output: Path

    def status(self) -> int:
        """Its exit status, once it has ended; that of a killed one is the signal, negated."""
        self.process.join(PATIENCE)
        if self.process.exitcode is None:
            self.process.kill()
            raise AssertionError(f"it hangs: {self.printed()}")
        return self.process.exitcode

    def kill(self) -> bool:
        """Kill it.

        Returns:
            False if it had ended before.
        """
        self.process.kill()
        return self.status() == -signal.SIGKILL

    def printed(self) -> str:
        """What it has printed so far."""
        return self.output.read_text(encoding="utf-8")


def start(
    output: Path,
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> Command:
    """Start `adaseq` with arguments.

    Args:
        output: the file for what it prints.
        arguments: its arguments.
        environment: variables to set.
        before: called in the process, before anything else; a function of a module.
    """
    given = [str(each) for each in arguments]
    values = (given, str(output), {**_inherited(), **(environment or {})}, before)
    process = _CONTEXT.Process(target=_run, args=values)
    process.start()
    return Command(process, output)


def run(output: Path, *arguments: str | Path, **options: Any) -> tuple[int, str]:
    """Run `adaseq` to its end.

    Returns:
        Its exit status and what it printed.
    """
    command = start(output, *arguments, **options)
    return command.status(), command.printed()


def clock_goes_back() -> None:
    """From now on each look at the clock shows an hour less."""
    begin, looks = time.time(), iter(range(1, 1_000_000))
    time.time = lambda: begin - 3600 * next(looks)


def keep_files_small(size: int) -> None:
    """No file can get longer than so many bytes; writing more fails, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def lose_data_before_reading(path: Path) -> None:
    """A file vanishes after the configuration has been checked, and before the data is read."""
    from adaseq.training import build

    manager = build.DatasetManager
    read = manager.from_config

    def lose(*arguments: Any, **options: Any) -> Any:
        path.unlink()
        return read(*arguments, **options)

    manager.from_config = lose  # type: ignore[method-assign]


def _inherited() -> dict[str, str]:
    # The server keeps the environment in which it was started.
    return {name: value for name, value in os.environ.items() if name.startswith(("ADASEQ_", "OMP_", "HF_"))}


def _run(
    arguments: Sequence[str], output: str, environment: Mapping[str, str], before: Callable[[], None] | None
) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    # Its own processes start as those of any program do: the first method is the default of the system.
    multiprocessing.set_start_method(multiprocessing.get_all_start_methods()[0], force=True)
    if before is not None:
        before()
    from adaseq.commands.main import main

    sys.exit(main(arguments))
