"""`kill -9` and SIGTERM at any moment: nothing is left half-written, and what goes on ends as if nothing had been."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.runs import assert_same_run
from tests.torture.conftest import times
from tests.torture.processes import Command, start
from tests.torture.wholeness import assert_all_is_whole, assert_cache_is_whole

_DRAWN = random.Random(20)


def begin(folder: Path, config: Path, *flags: str) -> Command:
    """Start a training with an empty cache: reading the data is a part of what can be killed."""
    folder.mkdir(exist_ok=True)
    cache = {"ADASEQ_CACHE": str(folder / "cache")}
    return start(
        folder / "printed", "train", "-c", config, "-w", folder / "run", "-d", "cpu", *flags, environment=cache
    )


def go_on(folder: Path, config: Path, undisturbed: Path) -> None:
    """Resume a training and compare its end with that of one that nothing happened to."""
    assert_all_is_whole(folder / "run", undisturbed)
    assert_cache_is_whole(folder / "cache")
    flags = ["--resume"] if (folder / "run").exists() else []
    command = begin(folder, config, *flags)
    assert command.status() == 0, command.printed()
    assert "Traceback" not in command.printed()
    assert_same_run(undisturbed, folder / "run")
    assert_cache_is_whole(folder / "cache")
    assert list((folder / "cache").glob("*.unfinished")) == []


def writes_seen(folder: Path, command: Command, count: int) -> bool:
    """Wait until so many files have begun to be written.

    Returns:
        Whether there were so many before the end of the process.
    """
    seen: set[str] = set()
    places = [folder / "run", folder / "run" / "checkpoints", folder / "cache"]
    while command.process.exitcode is None:
        for place in places:
            try:
                seen.update(path.name for path in place.iterdir() if path.name[0] == "." and path.name != ".lock")
            except FileNotFoundError:
                continue
        if len(seen) >= count:
            return True
        command.process.join(0.0005)
    return False


@pytest.fixture(scope="module")
def duration(config: Path, undisturbed: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a run takes, in seconds: moments are drawn from it, nothing is claimed about it."""
    begin_time = time.monotonic()
    assert begin(tmp_path_factory.mktemp("timed") / "whole", config).status() == 0
    return time.monotonic() - begin_time


@pytest.mark.slow
@pytest.mark.parametrize("moment", [_DRAWN.random() for _ in range(times(short=1, long=25))])
def test_a_run_that_is_killed_at_any_moment_goes_on(
    config: Path, undisturbed: Path, tmp_path: Path, duration: float, moment: float
) -> None:
    folder = tmp_path / "0"
    for attempt in range(10):
        folder = tmp_path / str(attempt)
        command = begin(folder, config)
        command.process.join(duration * moment)
        if command.kill():
            break
        moment *= 0.9  # the machine has become faster meanwhile, and the run was over
    else:
        raise AssertionError("it always ended before it could be killed")
    go_on(folder, config, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("count", [_DRAWN.randint(1, 30) for _ in range(times(short=2, long=25))])
def test_a_run_that_is_killed_while_it_writes_goes_on(
    config: Path, undisturbed: Path, tmp_path: Path, count: int
) -> None:
    folder = tmp_path / "0"
    for attempt in range(10):
        folder = tmp_path / str(attempt)
        command = begin(folder, config)
        is_writing = writes_seen(folder, command, count)
        if command.kill() and is_writing:
            break
        count -= 5  # some writes are over before they are seen
    else:
        raise AssertionError("it always ended before it could be killed")
    go_on(folder, config, undisturbed)


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_comes_to_its_end(
    config: Path, undisturbed: Path, tmp_path: Path, duration: float
) -> None:
    """Each time it gets a little further, and now and then a little less far."""
    flags: list[str] = []
    for _ in range(times(short=2, long=12)):
        command = begin(tmp_path, config, *flags)
        command.process.join(duration * _DRAWN.uniform(0.3, 0.8))
        if not command.kill():
            break
        assert_all_is_whole(tmp_path / "run", undisturbed)
        flags = ["--resume"] if (tmp_path / "run").exists() else []
    go_on(tmp_path, config, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("iteration", [_DRAWN.choice([5, 10, 15, 20]) for _ in range(times(short=1, long=10))])
@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)][: times(short=1, long=2)])
def test_a_run_that_is_told_to_stop_saves_and_leaves(
    config: Path, undisturbed: Path, tmp_path: Path, iteration: int, signum: int, status: int
) -> None:
    folder = tmp_path / "0"
    for attempt in range(10):
        folder = tmp_path / str(attempt)
        command = begin(folder, config)
        while weights_saved(folder / "run") < iteration and command.process.exitcode is None:
            command.process.join(0.0005)
        if command.process.exitcode is None and command.process.pid is not None:
            os.kill(command.process.pid, signum)
        command.status()
        if "Stopped by" in command.printed():
            break  # otherwise its training was over already
    assert command.status() == status, command.printed()
    assert f"Stopped by {signal.Signals(signum).name}. To go on: adaseq train --resume -w" in command.printed()
    assert json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))["status"] == "interrupted"
    assert not (folder / "run" / ".lock").exists()
    go_on(folder, config, undisturbed)


def weights_saved(folder: Path) -> int:
    """The batch after which weights were last saved; 0 before that."""
    return max((int(path.stem.removeprefix("iter_")) for path in folder.glob("iter_*.pth")), default=0)
