"""`adaseq check`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adaseq.commands.main import main


@pytest.fixture
def config(write_config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_config()
    monkeypatch.chdir(path.parent)
    return path


def test_a_right_configuration(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-c", "config.yaml"]) == 0
    assert capsys.readouterr().out == "config.yaml: nothing is wrong\n"


def test_wrong_values_in_the_file_and_on_the_command_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("dropout: 0.2", "dropout: much"), encoding="utf-8")
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "dropout" in each)
    assert main(["check", "-c", "config.yaml", "--set", "train.optimizer.lr=fast", "--set", "model.use_crf=0"]) == 2
    assert capsys.readouterr().err == (
        "error: 2 problems in the configuration:\n"
        f"config.yaml:{line}:12: model.dropout: received 'much'; expected a number\n"
        "--set train.optimizer.lr: train.optimizer.lr: received 'fast'; expected a number\n"
    )


def test_several_files_are_all_checked(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = config.read_text(encoding="utf-8")
    for name, value in (("first.yaml", "first"), ("second.yaml", "second")):
        (config.parent / name).write_text(text.replace("dropout: 0.2", f"dropout: {value}"), encoding="utf-8")
    assert main(["check", "-c", "first.yaml", "config.yaml", "-c", "second.yaml"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "config.yaml: nothing is wrong\n"
    assert "received 'first'" in printed.err and "received 'second'" in printed.err


def test_files_are_looked_for_unless_told_otherwise(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "test.txt").unlink()
    assert main(["check", "-c", "config.yaml"]) == 2
    assert "dataset.data_file.test: there is no file or folder" in capsys.readouterr().err
    assert main(["check", "-c", "config.yaml", "--schema-only"]) == 0


def test_modules_can_be_imported(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-c", "config.yaml", "--import", "no_such_module"]) == 2
    assert capsys.readouterr().err == (
        "error: 1 problem in the configuration:\n--import no_such_module: plugins.0: there is no such module; it must be "
        "installed, or lie in the working directory or beside the configuration\n"
    )


def test_warnings_are_logged(config: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["check", "-c", "config.yaml", "--set", "preprocessor.bio2bioes=true"]) == 0
    assert caplog.messages[0].startswith("--set preprocessor.bio2bioes: preprocessor.bio2bioes: has no effect")


def test_the_demo_can_be_checked_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "-c", "demo.yaml"]) == 0
