"""Disks that are full or cannot be written, files in the way, data that vanishes, a clock that goes back."""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs import assert_same_run
from tests.torture.conftest import Disk, times, write_torture_config
from tests.torture.processes import clock_goes_back, keep_files_small, lose_data_before_reading, run
from tests.torture.wholeness import assert_all_is_whole

MakeDisk = Callable[[float], Disk]
_DRAWN = random.Random(8)


def assert_is_explained(status: int, printed: str, *words: str) -> None:
    """The run has ended with a message for its user."""
    assert status == 2, printed
    assert "Traceback" not in printed and "Logging error" not in printed, printed
    assert "error: " in printed, printed
    for each in words:
        assert each in printed


def train(tmp_path: Path, config: Path, folder: Path, *flags: str, **options: object) -> tuple[int, str]:
    """Train into a folder."""
    printed = tmp_path / f"printed{len(list(tmp_path.glob('printed*')))}"
    return run(printed, "train", "-c", config, "-w", folder, "-d", "cpu", *flags, **options)


def start_by_dying(tmp_path: Path, config: Path, folder: Path) -> None:
    """The first part of a run, which is then killed."""
    die = "train.hooks.3={type: 'tests.torture.hooks:DieAt', iteration: 20}"
    assert train(tmp_path, config, folder, "--set", die)[0] == -9


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, *(_DRAWN.random() for _ in range(times(short=1, long=20)))])
def test_a_disk_that_is_full_ends_the_run_and_room_lets_it_go_on(
    config: Path, undisturbed: Path, tmp_path: Path, make_disk: MakeDisk, share: float
) -> None:
    disk = make_disk(share)
    folder = disk.folder / "run"
    status, printed = train(tmp_path, config, folder, before=disk.before)
    assert_is_explained(status, printed, "Cannot write")
    assert_all_is_whole(folder, undisturbed)
    disk.make_room()
    status, printed = train(tmp_path, config, folder, *["--resume"] * folder.exists())
    assert status == 0, printed
    assert_same_run(undisturbed, folder)


@pytest.mark.slow
@pytest.mark.parametrize("size", [_DRAWN.randint(3_000, 6_000) for _ in range(times(short=1, long=10))])
def test_files_that_cannot_grow_end_the_run(config: Path, undisturbed: Path, tmp_path: Path, size: int) -> None:
    """A limit for each file, the log among them, where a disk would be full for all at once."""
    folder = tmp_path / "run"
    status, printed = train(tmp_path, config, folder, before=functools.partial(keep_files_small, size))
    assert_is_explained(status, printed)
    assert_all_is_whole(folder, undisturbed)
    status, printed = train(tmp_path, config, folder, "--resume")
    assert status == 0, printed
    assert_same_run(undisturbed, folder)


def test_a_cache_on_a_full_disk_is_explained(config: Path, tmp_path: Path, make_disk: MakeDisk) -> None:
    disk = make_disk(0.0)
    cache = {"ADASEQ_CACHE": str(disk.folder)}
    status, printed = train(tmp_path, config, tmp_path / "run", before=disk.before, environment=cache)
    assert_is_explained(status, printed, "cannot write the cache in", "free space or set ADASEQ_CACHE")
    assert [path.name for path in disk.folder.iterdir() if path.suffix == ".arrow"] == []


def test_a_cache_that_cannot_be_written_is_done_without(
    config: Path, undisturbed: Path, tmp_path: Path, make_disk: MakeDisk
) -> None:
    cache = {"ADASEQ_CACHE": str(make_disk(1.0).make_read_only() / "cache")}
    status, printed = train(tmp_path, config, tmp_path / "run", environment=cache)
    assert status == 0 and "using a temporary one" in printed, printed
    assert_same_run(undisturbed, tmp_path / "run")


def test_a_folder_that_cannot_be_written_is_explained(config: Path, tmp_path: Path, make_disk: MakeDisk) -> None:
    disk = make_disk(100.0)
    start_by_dying(tmp_path, config, disk.folder / "run")
    folder = disk.make_read_only()
    assert_is_explained(*train(tmp_path, config, folder / "new"), "Cannot write", str(folder / "new"))
    assert_is_explained(*train(tmp_path, config, folder / "run", "--resume"), str(folder / "run"))


@pytest.mark.slow
def test_what_is_in_the_way_is_named(config: Path, tmp_path: Path) -> None:
    """Where a file is to be written there is a folder, and the other way round."""
    begun = tmp_path / "begun"
    start_by_dying(tmp_path, config, begun)
    names = ("checkpoints", "best_model.pth", "out.log", "run.json", "metrics.json", "config.yaml", "pred.txt")
    for name in names[: times(short=3, long=7)]:
        folder = tmp_path / f"with {name}"
        shutil.copytree(begun, folder)
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.write_text("in the way") if name == "checkpoints" else (path / "in the way").mkdir(parents=True)
        assert_is_explained(*train(tmp_path, config, folder, "--resume"), "Cannot write", str(path))


def test_data_that_vanishes_between_two_parts_of_a_run_is_named(undisturbed: Path, tmp_path: Path) -> None:
    config, folder = write_torture_config(tmp_path), tmp_path / "run"
    start_by_dying(tmp_path, config, folder)
    (tmp_path / "train.txt").rename(tmp_path / "elsewhere")
    assert_is_explained(*train(tmp_path, config, folder, "--resume"), str(tmp_path / "train.txt"))
    (tmp_path / "elsewhere").rename(tmp_path / "train.txt")
    assert train(tmp_path, config, folder, "--resume")[0] == 0
    assert_same_run(undisturbed, folder)


def test_data_that_has_changed_between_two_parts_of_a_run_is_refused(tmp_path: Path) -> None:
    config, folder = write_torture_config(tmp_path), tmp_path / "run"
    start_by_dying(tmp_path, config, folder)
    with (tmp_path / "train.txt").open("a", encoding="utf-8") as file:
        file.write("\nRome B-LOC\n")
    assert_is_explained(
        *train(tmp_path, config, folder, "--resume"), "The training data, or how it is encoded, has changed"
    )


def test_data_that_vanishes_before_it_is_read_is_named(tmp_path: Path) -> None:
    config = write_torture_config(tmp_path)
    before = functools.partial(lose_data_before_reading, tmp_path / "train.txt")
    assert_is_explained(*train(tmp_path, config, tmp_path / "run", before=before), str(tmp_path / "train.txt"))


def test_data_and_cache_that_vanish_during_the_training_are_not_missed(undisturbed: Path, tmp_path: Path) -> None:
    config = write_torture_config(tmp_path)
    lost = [str(tmp_path / name) for name in ("train.txt", "valid.txt", "test.txt", "cache")]
    lose = f"train.hooks.3={{type: 'tests.torture.hooks:Lose', iteration: 5, paths: {json.dumps(lost)}}}"
    cache = {"ADASEQ_CACHE": str(tmp_path / "cache")}
    status, printed = train(tmp_path, config, tmp_path / "run", "--set", lose, environment=cache)
    assert status == 0, printed
    assert not any(map(os.path.exists, lost))
    assert_same_run(undisturbed, tmp_path / "run", besides=["output_best/README.md"])  # which names the hook


def test_a_clock_that_goes_back_changes_nothing(config: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    start_by_dying(tmp_path, config, folder)
    for path in folder.rglob("*"):
        os.utime(path, (4e9, 4e9))  # in the year 2096
    status, printed = train(tmp_path, config, folder, "--resume", before=clock_goes_back)
    assert status == 0, printed
    assert_same_run(undisturbed, folder)
    lines = [json.loads(line) for line in (folder / "metrics.json").read_text(encoding="utf-8").splitlines()]
    assert all(value >= 0 for line in lines for key, value in line.items() if "time" in key)
