"""`adaseq train` that is interrupted, or fails: what it notes, and how it goes on."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaseq.commands.main import main
from adaseq.training import train as training
from adaseq.training.trainer import Trainer
from adaseq.utils import files
from tests.runs import assert_same_run

WriteConfig = Callable[..., Path]


@pytest.fixture
def stopper(stopping_hooks: list[dict[str, Any]]) -> dict[str, Any]:
    """The `train` section with a hook that stops, and checkpoints after every third batch."""
    return {"hooks": [{"type": "TextLoggerHook", "interval": 4}, *stopping_hooks]}


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_is_resumed_bit_for_bit(
    write_config: WriteConfig,
    tmp_path: Path,
    stopper: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    signum: int,
    status: int,
) -> None:
    config = str(write_config(train=stopper))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu"]) == 0
    monkeypatch.setenv("STOP_AT", "20")
    monkeypatch.setenv("STOP_BY", str(int(signum)))
    assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu"]) == status
    name = signal.Signals(signum).name
    assert f"Stopped by {name}. To go on: adaseq train --resume -w {parts}" in capfd.readouterr().err
    assert json.loads((parts / "run.json").read_text())["status"] == "interrupted"
    monkeypatch.delenv("STOP_AT")
    assert main(["train", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    assert_same_run(whole, parts)
    assert "The configuration is not that of the run so far" not in caplog.text
    (parts / "checkpoints" / "step-45").mkdir(parents=True)  # as if killed before it had cleared up
    assert main(["train", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    assert "This run has finished already" in caplog.text and not (parts / "checkpoints").exists()


def killed(*_: Any) -> None:
    raise RuntimeError("killed")


def test_a_run_that_was_stopped_in_its_test_is_tested(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = str(write_config(train={"max_epochs": 1}))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "test", killed)
        with pytest.raises(RuntimeError, match="killed"):
            main(["train", "-c", config, "-w", str(parts), "-d", "cpu"])
    assert json.loads((parts / "run.json").read_text())["status"] == "failed"
    assert main(["train", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    assert_same_run(whole, parts)


def test_the_end_is_noted_when_torch_tells_of_a_lost_worker_in_the_midst_of_it(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, told = training._note_the_end, []

    def interrupted(*given: Any) -> None:
        if not told:
            told.append(given)
            raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")
        note(*given)

    monkeypatch.setattr(Trainer, "run", killed)
    monkeypatch.setattr(training, "_note_the_end", interrupted)
    with pytest.raises(RuntimeError, match="^killed"):
        main(["train", "-c", str(write_config()), "-w", str(tmp_path / "run"), "-d", "cpu"])
    assert told and json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"


def test_a_run_that_was_stopped_before_its_first_checkpoint_begins_anew(
    write_config: WriteConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the same initial weights, which need not be named again."""
    config = str(write_config(train={"max_epochs": 1}))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", "-c", config, "-w", str(tmp_path / "first"), "-d", "cpu", "--seed", "1"]) == 0
    weights = ["-ckpt", str(tmp_path / "first")]
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu", *weights]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "save_checkpoint", killed)
        patch.setattr(training, "_note_the_end", lambda *given: None)
        with pytest.raises(RuntimeError, match="killed"):
            main(["train", "-c", config, "-w", str(parts), "-d", "cpu", *weights])
    assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu", "--resume"]) == 0
    assert "There is no checkpoint: the run was stopped before its first one and begins anew." in caplog.text
    assert_same_run(whole, parts)


def test_a_checkpoint_makes_up_for_initial_weights_that_are_gone(
    write_config: WriteConfig, tmp_path: Path, stopper: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = str(write_config(train={**stopper, "max_epochs": 1}))
    whole, parts, first = tmp_path / "whole", tmp_path / "parts", tmp_path / "first"
    assert main(["train", "-c", config, "-w", str(first), "-d", "cpu", "--seed", "1"]) == 0
    monkeypatch.chdir(tmp_path)
    weights = ["-ckpt", "first/best_model.pth"]
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu", *weights]) == 0
    monkeypatch.setenv("STOP_AT", "8")
    monkeypatch.setenv("STOP_BY", str(int(signal.SIGTERM)))
    assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu", *weights]) == 143
    assert json.loads((parts / "run.json").read_text())["initial_weights"] == str(first / "best_model.pth")
    monkeypatch.delenv("STOP_AT")
    (first / "best_model.pth").unlink()
    assert main(["train", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    assert_same_run(whole, parts)


def test_a_full_disk_ends_the_run_with_a_message(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The disk fills up in the second epoch; what the first one saved stays, and the run can go on once there is room."""
    config = str(write_config(train={"max_epochs": 2, "hooks": [{"type": "TextLoggerHook", "interval": 4}]}))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu"]) == 0
    rename, seen = os.rename, []

    def fill_up(source: Any, target: Any) -> None:
        seen.append(str(target))
        if str(target).endswith("step-30"):
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "rename", fill_up)
        assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu"]) == 2
    shown = capfd.readouterr().err
    assert f"error: Cannot write {parts / 'checkpoints' / 'step-30'}: there is no space left on the disk." in shown
    assert [path.name for path in (parts / "checkpoints").iterdir()] == ["step-15"]
    assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu", "--resume"]) == 0
    assert_same_run(whole, parts)


def test_a_resumed_run_says_what_has_changed(
    write_config: WriteConfig, tmp_path: Path, stopper: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    config, run = str(write_config(train=stopper)), str(tmp_path / "run")
    monkeypatch.setenv("STOP_AT", "20")
    monkeypatch.setenv("STOP_BY", str(int(signal.SIGTERM)))
    assert main(["train", "-c", config, "-w", run, "-d", "cpu"]) == 143
    monkeypatch.delenv("STOP_AT")
    saved = (tmp_path / "run" / "config.yaml").read_text()
    unfit = ["--resume", "--set", "train.dataloader.batch_size_per_gpu=5"]
    assert main(["train", "-c", config, "-w", run, "-d", "cpu", *unfit]) == 2
    assert (tmp_path / "run" / "config.yaml").read_text() == saved, "it is still what the run can go on with"
    with (tmp_path / "valid.txt").open("a", encoding="utf-8") as file:
        file.write("\nRome B-LOC\n")
    assert main(["train", "-c", config, "-w", run, "-d", "cpu", "--resume", "--set", "train.max_epochs=2"]) == 0
    assert "The data has changed since the run began (valid): scores from before cannot be compared" in caplog.text
    assert "that of a run that was never stopped. Changed: train.max_epochs" in caplog.text
