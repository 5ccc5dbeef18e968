"""`adaseq test`: a finished run, scored again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from adaseq.commands.main import main
from adaseq.training import test
from adaseq.training.runtime import Runtime

WriteConfig = Callable[..., Path]


@pytest.fixture
def run(write_config: WriteConfig, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    assert main(["train", "-c", str(write_config(train={"max_epochs": 2})), "-w", str(folder), "-d", "cpu"]) == 0
    return folder


def test_the_scores_are_those_of_the_run(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    predictions = (run / "pred.txt").read_bytes()
    (run / "pred.txt").unlink()
    lines = (run / "metrics.json").read_text()
    capfd.readouterr()
    assert main(["test", "-w", str(run), "-d", "cpu"]) == 0
    shown = capfd.readouterr().out
    for name, value in json.loads((run / "run.json").read_text())["test"].items():
        assert f"{name} " in shown and f"{value:.4f}" in shown
    assert (run / "pred.txt").read_bytes() == predictions
    assert (run / "metrics.json").read_text() == lines
    for path in (run / "best_model.pth", run / "output_best", run):
        (run / "pred.txt").unlink()
        assert main(["test", "-w", str(run), "-d", "cpu", "-ckpt", str(path)]) == 0
        assert (run / "pred.txt").read_bytes() == predictions


def test_the_precision_is_that_of_the_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["train"]["precision"] = "bf16"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    asked = []
    monkeypatch.setattr(test, "Runtime", lambda *given: asked.append(given) or Runtime(*given))
    assert main(["test", "-w", str(run), "-d", "cpu"]) == 0
    assert asked == [("cpu", "bf16")]


def test_the_model_may_lie_in_another_folder(
    write_config: WriteConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing is said about validation data, which nobody needs here."""
    folder = tmp_path / "run"
    hook = {"type": "BestCkptSaverHook", "output_sub_dir": "models/final", "save_file_name": "models/final.pth"}
    config = write_config(train={"max_epochs": 1, "hooks": [hook]}, evaluation=None)
    flags = ["--set", "dataset.data_file.valid=null"]
    assert main(["train", "-c", str(config), "-w", str(folder), "-d", "cpu", *flags]) == 0
    assert f"model to use      {folder / 'models' / 'final'}" in caplog.text
    assert (folder / "models" / "final" / "README.md").is_file() and not (folder / "output_best").exists()
    predictions = (folder / "pred.txt").read_bytes()
    (folder / "pred.txt").unlink()
    assert main(["test", "-w", str(folder), "-d", "cpu"]) == 0
    assert (folder / "pred.txt").read_bytes() == predictions
    assert "There is no valid split" not in caplog.text


def test_what_is_wrong_is_said_without_a_traceback(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "-w", str(tmp_path)]) == 2 or (tmp_path / "config.yaml").exists()
    (tmp_path / "empty").mkdir()
    assert main(["test", "-w", str(tmp_path / "empty")]) == 2
    expected = f"error: There is no {tmp_path / 'empty' / 'config.yaml'}. -w takes the folder of a run that `adaseq train` has written."
    assert expected in capfd.readouterr().err
    config = yaml.safe_load((run / "config.yaml").read_text())
    del config["dataset"]["data_file"]["test"]
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert main(["test", "-w", str(run), "-d", "cpu"]) == 2
    assert f"error: The run {run} has no test data" in capfd.readouterr().err
