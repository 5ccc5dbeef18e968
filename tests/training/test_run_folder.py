"""Which folder a run gets, and that no other run gets it too."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from adaseq.errors import AdaSeqError
from adaseq.training import run_folder
from adaseq.training.run_folder import RunFolder


def leave_a_run(path: Path) -> None:
    folder = RunFolder.open(path)
    (path / "config.yaml").write_text("task: x")
    (path / "metrics.json").write_text("{}")
    (path / "output_best").mkdir()
    (path / "output_best" / "config.json").write_text("{}")
    folder.release()


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    folder = RunFolder.open(tmp_path / "a" / "b")
    assert folder.path == tmp_path / "a" / "b" and folder.path.is_dir()
    folder.release()
    assert list(folder.path.iterdir()) == []
    RunFolder.open(tmp_path / "a" / "b").release()  # an empty one is as good as a new one


def test_the_name_is_the_time_and_a_number_if_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder.time, "time", lambda: 1700000000.9)
    folders = [RunFolder.create(tmp_path / "exp") for _ in range(3)]
    assert [folder.path.name for folder in folders] == ["1700000000", "1700000000-1", "1700000000-2"]
    for folder in folders:
        folder.release()


def test_a_name_of_its_own(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "exp", "first")
    assert folder.path == tmp_path / "exp" / "first"
    folder.release()


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    leave_a_run(tmp_path / "run")
    with pytest.raises(AdaSeqError) as error:
        RunFolder.open(tmp_path / "run")
    assert str(error.value) == (
        f"The output folder {tmp_path / 'run'} is not empty: it holds config.yaml, metrics.json, output_best. Choose another "
        "with -w or -n, continue its run with --resume, or overwrite it with --force."
    )


def test_a_run_that_failed_before_it_had_its_data_is_in_nobodys_way(tmp_path: Path) -> None:
    for name in ("out.log", "out_worker1.log", "run.json"):
        (tmp_path / name).write_text("{}")
    RunFolder.open(tmp_path).release()
    assert list(tmp_path.iterdir()) == []


def test_a_log_alone_may_be_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "out.log").write_text("mine")
    with pytest.raises(AdaSeqError, match="is not empty: it holds out.log"):
        RunFolder.open(tmp_path)


def test_force_removes_the_run_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = tmp_path / "run"
    leave_a_run(run)
    (run / "thesis.docx").write_text("three years of work")
    with caplog.at_level(logging.WARNING):
        folder = RunFolder.open(run, force=True)
    assert sorted(path.name for path in run.iterdir()) == [".lock", "thesis.docx"]
    assert "Left as they are, being of other origin: thesis.docx" in caplog.text
    folder.release()


def test_resuming_takes_the_folder_as_it_is(tmp_path: Path) -> None:
    """But for what a killed process was writing."""
    leave_a_run(tmp_path / "run")
    (tmp_path / "run" / ".best_model.pth.77-ab.tmp").write_text("half")
    RunFolder.open(tmp_path / "run", resume=True).release()
    assert (tmp_path / "run" / "metrics.json").exists()
    assert not (tmp_path / "run" / ".best_model.pth.77-ab.tmp").exists()


def test_a_folder_is_locked_until_its_lock_is_out_of_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that another run took in between would be removed under its hands."""
    folder, states = RunFolder.open(tmp_path / "run"), []
    unlink = Path.unlink

    def note(path: Path, missing_ok: bool = False) -> None:
        assert folder._lock is not None
        states.append(folder._lock.closed)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", note)
    folder.release()
    assert states == [False] and list(folder.path.iterdir()) == []


def test_a_folder_that_was_filled_before_it_could_be_locked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run began and ended in between."""
    take = RunFolder._take_lock

    def late(self: RunFolder) -> object:
        (tmp_path / "run" / "metrics.json").write_text("{}")
        return take(self)

    monkeypatch.setattr(RunFolder, "_take_lock", late)
    with pytest.raises(AdaSeqError, match="is not empty: it holds metrics.json"):
        RunFolder.open(tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["metrics.json"]


def test_resuming_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(AdaSeqError) as error:
        RunFolder.open(tmp_path / "typo", resume=True)
    assert str(error.value) == (
        f"Cannot resume: there is no run folder {tmp_path / 'typo'}. Its name is printed at the start of a run."
    )


def test_resuming_needs_a_name(tmp_path: Path) -> None:
    leave_a_run(tmp_path / "1700000000")
    with pytest.raises(AdaSeqError) as error:
        RunFolder.create(tmp_path, resume=True)
    assert str(error.value) == (
        "--resume needs to know which run: name it with -n, or its folder with -w. The newest here is "
        f"{tmp_path / '1700000000'}."
    )


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(AdaSeqError, match="is a file. Choose another with -w or -n"):
        RunFolder.open(tmp_path / "run", force=True)


def test_two_runs_in_one_program_cannot_share_a_folder(tmp_path: Path) -> None:
    first = RunFolder.open(tmp_path / "run")
    with pytest.raises(AdaSeqError, match="Another run of this program is writing into"):
        RunFolder.open(tmp_path / "run")
    first.release()
    RunFolder.open(tmp_path / "run").release()


HOLDER = """
import sys
from pathlib import Path
from adaseq.training.run_folder import RunFolder
folder = RunFolder.open(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_two_programs_cannot_share_a_folder_and_a_killed_one_frees_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-c", HOLDER, str(run)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(AdaSeqError, match=rf"Another run \(process {holder.pid} on .*\) is writing into"):
            RunFolder.open(run, force=True)
        assert (run / ".lock").exists()
        holder.kill()
        holder.wait()
    RunFolder.open(run).release()


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(AdaSeqError, match="Cannot write .*run: Permission denied. Check the rights of"):
        RunFolder.open(tmp_path / "run")
