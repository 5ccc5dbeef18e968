"""Old model folders predict the same, as they are and after migration."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import adaseq
from adaseq.errors import ModelError
from adaseq.migration.folders import migrate_folder

SENTENCES = ["Mary Smith works in New York.", "john works in london", {"tokens": ["mary", "in", "york"]}]


def test_an_old_folder_predicts_as_it_is_and_after_migration(
    old_folder: Path, trained_folder: Path, tmp_path: Path
) -> None:
    expected = adaseq.load(trained_folder)(SENTENCES)
    assert adaseq.load(old_folder)(SENTENCES) == expected
    before = {path.name: path.read_bytes() for path in old_folder.iterdir()}
    report = migrate_folder(old_folder, tmp_path / "new")
    assert {path.name: path.read_bytes() for path in old_folder.iterdir()} == before
    assert adaseq.load(tmp_path / "new")(SENTENCES) == expected
    assert report.to_do == [] and report.effects == []


def test_what_was_changed_is_said(old_folder: Path, tmp_path: Path) -> None:
    report = migrate_folder(old_folder, tmp_path / "new")
    assert report.changes == [
        (
            "configuration.json: dataset, experiment, train, evaluation are left out: predicting needs nothing of them, and "
            "their paths are gone"
        ),
        "configuration.json: plugins is left out: it made ModelScope install and run code while loading",
        (
            "configuration.json: model.embedder.model_name_or_path: '/gone/bert' is '.' now: all of it lies in the folder"
        ),
        (
            "configuration.json: preprocessor.max_length: 50 is 64 now: AdaSeq 0.6 took 512 whatever stood there; longer "
            "sentences are read in windows, where it lost their ends"
        ),
        (
            "configuration.json: preprocessor.text_splitter is 'word', as the vocabulary suggests: how raw text becomes words, "
            "which AdaSeq 0.6 left to the tokenizer"
        ),
        report.changes[5],
        "eval_result.txt is left out: its scores are in README.md",
        "README.md is new: the model card",
    ]
    assert report.changes[5].startswith("pytorch_model.bin is model.safetensors now, which can hold no program: ")
    new = tmp_path / "new"
    configuration = json.loads((new / "configuration.json").read_text(encoding="utf-8"))
    assert "plugins" not in configuration and "/gone" not in json.dumps(configuration)
    assert not (new / "pytorch_model.bin").exists()
    card = (new / "README.md").read_text(encoding="utf-8")
    assert "| f1 | 0.3333 |" in card and "| trained by | AdaSeq 0.6 |" in card and "/gone" not in card


def test_what_needs_no_migration_and_what_cannot_be_migrated(trained_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"was written by AdaSeq .* and needs no migration"):
        migrate_folder(trained_folder, tmp_path / "new")
    with pytest.raises(ModelError, match="is not a model folder: it has no configuration.json$"):
        migrate_folder(tmp_path, tmp_path / "new")
    (tmp_path / "configuration.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be read as JSON"):
        migrate_folder(tmp_path, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_run_folder_points_to_its_model(old_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(old_folder, tmp_path / "run" / "output_best")
    with pytest.raises(ModelError, match="the model of this run is in '.*output_best'$"):
        migrate_folder(tmp_path / "run", tmp_path / "new")
