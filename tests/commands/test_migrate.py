"""`adaseq migrate`."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from adaseq.commands.main import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    Path("old.yaml").write_text("task: mcce-entity-typing  # typing\n", encoding="utf-8")
    Path("cand.pkl").write_bytes(pickle.dumps({"train": [["a"]]}))
    return tmp_path


def test_a_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "old.yaml", "-o", "new.yaml"]) == 0
    assert Path("new.yaml").read_text(encoding="utf-8") == "task: entity-typing  # typing\n"
    assert capsys.readouterr().out == (
        "Changed:\n  old.yaml:1:1: task: the name of this task is 'entity-typing'\n"
        "Wrote new.yaml. Next: adaseq check -c new.yaml\n"
    )


def test_a_configuration_is_shown_where_no_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "old.yaml"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "task: entity-typing  # typing\n" and shown.err.startswith("Changed:\n")


def test_a_pickle_only_with_the_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "cand.pkl", "-o", "cand.json"]) == 2
    error = capsys.readouterr().err
    assert "runs whatever its maker put into it" in error and "adaseq migrate --allow-pickle cand.pkl" in error
    assert not Path("cand.json").exists()
    assert main(["migrate", "--allow-pickle", "cand.pkl", "-o", "cand.json"]) == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("warning: a pickle is a program") and shown.out == "Wrote cand.json: a mapping of 1\n"
    assert json.loads(Path("cand.json").read_text(encoding="utf-8")) == {"train": [["a"]]}
    assert main(["migrate", "--allow-pickle", "cand.pkl"]) == 2
    assert "name the file to write with -o" in capsys.readouterr().err


def test_a_folder_needs_a_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", str(folder)]) == 2
    assert "a model folder is migrated into a new one: name it with -o" in capsys.readouterr().err


def test_nothing_is_overwritten_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.yaml").write_text("mine", encoding="utf-8")
    assert main(["migrate", "old.yaml", "-o", "new.yaml"]) == 2
    assert capsys.readouterr().err == (
        "error: 'new.yaml' exists; give -f to overwrite it, or choose another place with -o\n"
    )
    assert main(["migrate", "old.yaml", "-o", "new.yaml", "-f"]) == 0
    assert main(["migrate", "old.yaml", "-o", "a b.yaml"]) == 0
    assert capsys.readouterr().out.endswith("Wrote a b.yaml. Next: adaseq check -c 'a b.yaml'\n")
    assert main(["migrate", "old.yaml", "-o", "./old.yaml", "-f"]) == 2
    assert "-o names what is to be migrated, 'old.yaml'" in capsys.readouterr().err


def test_what_is_migrated_is_never_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("link.yaml").symlink_to("old.yaml")
    Path("run/output_best").mkdir(parents=True)
    for path, output in (("old.yaml", "link.yaml"), ("run/output_best", "run"), ("run/output_best", ".")):
        assert main(["migrate", path, "-o", output, "-f"]) == 2
        assert f"-o names what is to be migrated, '{path}', or a folder around it" in capsys.readouterr().err
    Path("other").mkdir()
    Path("other/mine.txt").write_text("mine", encoding="utf-8")
    assert main(["migrate", "run/output_best", "-o", "other", "-f"]) == 2
    assert "'other' holds something else than a model, which -f would remove" in capsys.readouterr().err
    assert Path("other/mine.txt").exists() and Path("run/output_best").is_dir()


def test_yaml_does_not_become_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "old.yaml", "-o", "new.json"]) == 2
    assert "-o names a .yaml file, not 'new.json'" in capsys.readouterr().err
    assert not Path("new.json").exists()


def test_what_is_none_of_these(capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes.txt").write_text("mine", encoding="utf-8")
    assert main(["migrate", "notes.txt", "-o", "new.txt"]) == 2
    assert (
        "is neither a configuration (.yaml, .yml, .json), nor a model folder, nor a pickle" in capsys.readouterr().err
    )
    assert main(["migrate", "nowhere.yaml"]) == 2
    assert "there is no such file" in capsys.readouterr().err
