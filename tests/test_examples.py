"""The configurations that are shipped as examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaseq.commands.main import main
from adaseq.config import load_config

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted(ROOT.glob("examples/*/configs/*.yaml"))


def test_there_are_examples_of_each_kind() -> None:
    assert {path.parents[1].name for path in CONFIGS} >= {"bert_crf", "lstm_crf", "partial_bert_crf"}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: f"{path.parents[1].name}/{path.stem}")
def test_the_checker_finds_nothing(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["check", "-c", str(config), "--schema-only"])
    assert status == 0, capsys.readouterr()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: f"{path.parents[1].name}/{path.stem}")
def test_data_dir_says_where_the_corpora_are(config: Path) -> None:
    checked = load_config(config, environ={"DATA_DIR": "/corpora"}, check_files=False)
    assert all(str(path).startswith("/corpora/") for path in checked.dataset["data_file"].values())


def test_each_folder_explains_its_configurations_in_both_languages() -> None:
    for folder in {path.parents[1] for path in CONFIGS}:
        for page in (folder / "README.md", folder / "README_zh.md"):
            text = page.read_text(encoding="utf-8")
            missing = [path.name for path in folder.glob("configs/*.yaml") if f"configs/{path.name}" not in text]
            assert not missing, f"{page} does not name {missing}"
