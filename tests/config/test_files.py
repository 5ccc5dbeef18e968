"""The files and folders that a configuration names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adaseq.config import Config, ConfigError, load_config

Load = Callable[..., Config]
Problems = Callable[..., list[str]]

TEXT = """\
task: chunking
dataset: {data_file: {train: [a.txt, sub/b.txt], valid: ~/v.txt}, data_type: conll, labels: labels.txt}
model: {embedder: {model_name_or_path: backbone}}
preprocessor: {model_dir: tokenizer}
"""


def test_paths_begin_in_the_working_directory_then_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, home = (tmp_path / name for name in ("here", "there", "home"))
    for path in (here / "a.txt", there / "a.txt", there / "sub" / "b.txt", there / "labels.txt", home / "v.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (there / "backbone").mkdir()
    (there / "c.yaml").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    config = load_config(there / "c.yaml")
    assert config.dataset["data_file"] == {
        "train": [str(here / "a.txt"), str(there / "sub" / "b.txt")],
        "valid": str(home / "v.txt"),
    }
    assert config.dataset["labels"] == str(there / "labels.txt")
    assert config.model["embedder"]["model_name_or_path"] == str(there / "backbone")
    assert config.preprocessor["model_dir"] == "tokenizer"


def test_all_that_is_missing_is_listed(problems: Problems, folder: Path) -> None:
    found = problems(
        replace={
            "valid: dev.txt": "valid: [dve.txt, /no/such/file]",
            "data_type: conll": "data_type: conll\n  labels: labels.txt",
            "{type: embedding, embedding_dim: 10}": "{model_name_or_path: ./bert}\npreprocessor: {model_dir: ../bert}",
        }
    )
    assert found == [
        f"c.yaml:3:41: dataset.data_file.valid.0: there is no file or folder 'dve.txt' in '{folder}'; did you mean 'dev.txt'?",
        "c.yaml:3:50: dataset.data_file.valid.1: there is no file or folder '/no/such/file'",
        f"c.yaml:5:11: dataset.labels: there is no file or folder 'labels.txt' in '{folder}'",
        f"c.yaml:7:34: model.embedder.model_name_or_path: there is no file or folder './bert' in '{folder}'",
        f"c.yaml:8:27: preprocessor.model_dir: there is no file or folder '../bert' in '{folder}'",
    ]


def test_both_places_that_were_searched_are_named(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "c.yaml").write_text(TEXT.replace("[a.txt, sub/b.txt]", "a.txt"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config("sub/c.yaml")
    assert str(caught.value.problems[0]) == (
        f"sub/c.yaml:2:30: dataset.data_file.train: there is no file or folder 'a.txt' in '{folder}' nor in '{folder}/sub'; "
        "did you mean 'train.txt'?"
    )


def test_files_are_reported_together_with_wrong_arguments(problems: Problems, folder: Path) -> None:
    found = problems(replace={"train.txt": "trian.txt", "embedding_dim: 10": "embedding_dim: ten"})
    assert found == [
        f"c.yaml:3:22: dataset.data_file.train: there is no file or folder 'trian.txt' in '{folder}'; did you mean 'train.txt'?",
        "c.yaml:6:46: model.embedder.embedding_dim: received 'ten'; expected a whole number",
    ]


@pytest.mark.parametrize("name", ["owner/name", "bert-base-cased", "damo/nlp_raner", "x" * 300])
def test_names_of_hub_models_are_left_alone(load: Load, name: str) -> None:
    config = load(replace={"{type: embedding, embedding_dim: 10}": f"{{model_name_or_path: {name}}}"})
    assert config.model["embedder"]["model_name_or_path"] == name


def test_files_may_be_missing_when_they_are_not_needed(load: Load, folder: Path) -> None:
    config = load(replace={"dev.txt": "gone.txt"}, check_files=False)
    assert config.dataset["data_file"] == {"train": str(folder / "train.txt"), "valid": "gone.txt"}


def test_a_folder_or_archive_is_one_path(load: Load, problems: Problems, folder: Path) -> None:
    (folder / "data").mkdir()
    replace = {"{train: train.txt, valid: dev.txt}": "data"}
    assert load(replace=replace).dataset["data_file"] == str(folder / "data")
    assert problems(replace={"{train: train.txt, valid: dev.txt}": "data.zip"}) == [
        f"c.yaml:3:14: dataset.data_file: there is no file or folder 'data.zip' in '{folder}'; did you mean 'data'?"
    ]


def test_a_home_folder_that_nobody_has_is_explained(problems: Problems, folder: Path) -> None:
    assert problems(replace={"train.txt": "~nobody-has-this-name/a.txt"}) == [
        f"c.yaml:3:22: dataset.data_file.train: there is no file or folder '~nobody-has-this-name/a.txt' in '{folder}'"
    ]


def test_results_may_go_to_the_home_folder(load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    config = load("experiment: {exp_dir: ~/runs}\nwork_dir: ~/run\n")
    assert config.experiment.exp_dir == str(folder / "runs") and config.work_dir == str(folder / "run")


def test_a_name_that_is_too_long_for_a_file(folder: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config("x" * 300 + ".yaml")
