"""The example of a user's own package: it is built, installed and used; no file of AdaSeq knows of it.

Everything runs in processes of its own: what a plugin registers would stay for the tests that follow.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "examples" / "plugin_package"
SENTENCE = "Maria Lopez moved from Bergen to Osaka."


def _run(*arguments: str, python_path: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(python_path)])}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, env=environ, capture_output=True, encoding="utf-8", check=False
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package is installed, as pip does it."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(PACKAGE, folder / "source")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder / "site")]
    result = _run("pip", "install", *options, str(source), python_path=folder)
    assert result.returncode == 0, result.stderr
    return folder / "site"


def test_its_own_tests_pass() -> None:
    result = _run("pytest", "-q", "-p", "no:cacheprovider", str(PACKAGE / "tests"), python_path=PACKAGE)
    assert result.returncode == 0, result.stdout


def test_it_works_from_its_folder_without_being_installed(tmp_path: Path) -> None:
    result = _run("adaseq", "check", "-c", str(PACKAGE / "window_tagger.yaml"), python_path=tmp_path, cwd=tmp_path)
    assert result.returncode == 0, result.stderr


def test_without_it_its_names_are_unknown(tmp_path: Path) -> None:
    config = _config(tmp_path, epochs=1)
    result = _run("adaseq", "check", "-c", str(config), python_path=tmp_path)
    assert result.returncode == 2
    assert "there is no model 'window-tagger'" in result.stderr
    assert "there is no metric 'boundary-metric'" in result.stderr
    assert "there is no hook 'LearningCurveHook'" in result.stderr


@pytest.mark.slow
def test_installed_it_trains_and_predicts(installed: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    config = _config(tmp_path, epochs=3)
    trained = _run("adaseq", "train", "-c", str(config), "-w", str(run), "-d", "cpu", python_path=installed)
    assert trained.returncode == 0, trained.stderr

    lines = [json.loads(line) for line in (run / "metrics.json").read_text(encoding="utf-8").splitlines()]
    test_scores = lines[-1]
    assert test_scores["boundary-f1"] >= test_scores["f1"] > 0
    curve = (run / "curve.csv").read_text(encoding="utf-8").splitlines()
    assert curve[0] == "split,epoch,step,lr,boundary-f1"
    assert [row.split(",")[0] for row in curve[1:]] == ["valid", "valid", "valid", "test"]

    model = run / "output_best"
    predicted = _run(
        "adaseq", "predict", "-m", str(model), "--text", SENTENCE, "--output_format", "jsonl", python_path=installed
    )
    assert predicted.returncode == 0, predicted.stderr
    found = json.loads(predicted.stdout)["output"]
    assert all(SENTENCE[span["start"] : span["end"]] == span["span"] for span in found)


def _config(folder: Path, epochs: int) -> Path:
    """The configuration of the package for fewer epochs, and without `plugins`: the entry point is to do."""
    config = yaml.safe_load((PACKAGE / "window_tagger.yaml").read_text(encoding="utf-8"))
    del config["plugins"]
    config["train"]["max_epochs"] = epochs
    files = config["dataset"]["data_file"]
    config["dataset"]["data_file"] = {split: str((PACKAGE / path).resolve()) for split, path in files.items()}
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path
