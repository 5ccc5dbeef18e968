"""Several runs that want one folder, one name or one cache at the same moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs import assert_same_run
from tests.torture.conftest import times
from tests.torture.processes import run, start

_TOGETHER = range(times(short=2, long=4))


def started_together(folder: Path, *arguments: str | Path) -> list[tuple[int, str]]:
    """The ends of some equal commands that were begun at once, with an empty cache for all."""
    cache = {"ADASEQ_CACHE": str(folder / "cache")}
    commands = [start(folder / f"printed{i}", *arguments, environment=cache) for i in _TOGETHER]
    return [(each.status(), each.printed()) for each in commands]


def assert_the_others_were_refused(ends: list[tuple[int, str]]) -> None:
    """Those that were too late were told so."""
    for status, printed in ends:
        assert status in (0, 2) and "Traceback" not in printed, printed
        assert status == 0 or "is writing into" in printed or "is not empty" in printed, printed


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(times(short=1, long=10)))
def test_one_of_several_runs_gets_the_folder(config: Path, undisturbed: Path, tmp_path: Path, attempt: int) -> None:
    ends = started_together(tmp_path, "train", "-c", config, "-w", tmp_path / "run", "-d", "cpu")
    assert_the_others_were_refused(ends)
    assert [status for status, _ in ends].count(0) == 1
    assert_same_run(undisturbed, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["--force", "--resume"])
@pytest.mark.parametrize("attempt", range(times(short=1, long=10)))
def test_a_run_is_taken_over_by_one_at_a_time(
    config: Path, undisturbed: Path, tmp_path: Path, flag: str, attempt: int
) -> None:
    """One that comes when the first is over may overwrite it once more, or find that nothing is left to do."""
    die = "train.hooks.3={type: 'tests.torture.hooks:DieAt', iteration: 20}"
    command = ["train", "-c", config, "-w", tmp_path / "run", "-d", "cpu"]
    assert run(tmp_path / "printed", *command, "--set", die)[0] == -9
    ends = started_together(tmp_path, *command, flag)
    assert_the_others_were_refused(ends)
    assert [status for status, _ in ends].count(0) >= 1
    assert_same_run(undisturbed, tmp_path / "run")


@pytest.mark.slow
def test_runs_without_a_folder_get_one_each(config: Path, undisturbed: Path, tmp_path: Path) -> None:
    """Started within one second, they would all have the same name."""
    place = f"experiment.exp_dir={tmp_path / 'experiments'}"
    ends = started_together(tmp_path, "train", "-c", config, "-d", "cpu", "--set", place)
    assert [status for status, _ in ends] == [0 for _ in _TOGETHER], ends
    folders = list((tmp_path / "experiments" / "who").iterdir())
    assert len(folders) == len(_TOGETHER)
    for folder in folders:
        assert_same_run(undisturbed, folder)
