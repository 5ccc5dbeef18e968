"""`adaseq init`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from adaseq.commands.main import main
from adaseq.config import load_config

TASKS = ("named-entity-recognition", "part-of-speech", "chunking", "word-segmentation")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("train.txt", "dev.txt", "test.txt"):
        (folder / name).write_text("Anna B-PER\nlives O\n\nin O\nRome B-LOC\n\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", [None, "bert-base-cased"])
def test_the_configuration_is_complete_and_right(data: Path, task: str, model: str | None) -> None:
    arguments = ["init", "--task", task, "--data", "corpus", "-o", "c.yaml", *(["--model", model] if model else [])]
    assert main(arguments) == 0
    config = load_config("c.yaml")
    assert config.task == task and config.experiment.exp_name == "corpus"
    assert list(config.dataset["data_file"].values()) == [
        str(data / name) for name in ("train.txt", "dev.txt", "test.txt")
    ]
    assert config.model["embedder"].get("model_name_or_path") == model


@pytest.mark.parametrize("model", [None, "bert-base-cased"])
def test_every_alternative_in_its_comments_is_right_too(data: Path, model: str | None) -> None:
    arguments = ["init", "--task", TASKS[0], "--data", "corpus", "-o", "c.yaml", *(["--model", model] if model else [])]
    assert main(arguments) == 0
    text = Path("c.yaml").read_text(encoding="utf-8")
    body = text.split("\n\n", 1)[1]
    uncommented = re.sub(r"^( *)# (?=[ \w-]+:|  )", r"\1", body, flags=re.MULTILINE)
    assert uncommented.count("\n  hooks:") == 1 and uncommented.count("grad_clip") == 1
    Path("c.yaml").write_text(uncommented.replace("plugins: [my_module]", "plugins: [json]"), encoding="utf-8")
    config = load_config("c.yaml")
    assert config.train.precision == "bf16" and config.model["partial"] is True


def test_it_is_printed_when_no_file_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--task", TASKS[0], "--data", "corpus/train.txt"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["dataset"] == {"data_file": {"train": "corpus/train.txt"}, "data_type": "conll", "valid_ratio": 0.1}


def test_splits_can_be_named_one_by_one(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["init", "--task", TASKS[0], "--data", "train=corpus/train.txt", "dev=corpus/dev.txt"]
    assert main(arguments) == 0
    files = yaml.safe_load(capsys.readouterr().out)["dataset"]["data_file"]
    assert files == {"train": "corpus/train.txt", "valid": "corpus/dev.txt"}


def test_a_file_is_not_overwritten_unless_asked(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.yaml").write_text("mine", encoding="utf-8")
    arguments = ["init", "--task", TASKS[0], "--data", "corpus", "-o", "c.yaml"]
    assert main(arguments) == 2
    assert (
        capsys.readouterr().err == "error: 'c.yaml' exists; give -f to overwrite it, or choose another name with -o\n"
    )
    assert main([*arguments, "-f"]) == 0
    assert Path("c.yaml").read_text(encoding="utf-8") != "mine"
    assert main([*arguments[:-1], ".", "-f"]) == 2
    assert capsys.readouterr().err == (
        "error: Cannot write .: Is a directory. Move what is in the way, or choose another folder.\n"
    )


def test_a_working_directory_has_a_name_too(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    assert main(["init", "--task", TASKS[0], "--data", ".", "-o", "c.yaml"]) == 0
    assert load_config("c.yaml").experiment.exp_name == "corpus"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "b"], "error: received --data a b; expected one path, or train=FILE valid=FILE test=FILE\n"),
        (
            ["train=corpus/train.txt", "train=corpus/test.txt"],
            (
                "error: received --data train=corpus/train.txt train=corpus/test.txt; expected one path, or train=FILE valid=FILE "
                "test=FILE\n"
            ),
        ),
        (["test=corpus/test.txt"], "error: there is no training data in test=corpus/test.txt; found: test\n"),
    ],
)
def test_mistakes(data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["init", "--task", TASKS[0], "--data", *arguments]) == 2
    assert capsys.readouterr().err == message


def test_long_names_stay_on_their_line(data: Path) -> None:
    name = "word " * 40 + "end"
    file = data / f"{name}.txt"
    (data / "train.txt").rename(file)
    assert main(["init", "--task", TASKS[0], "--data", str(file), "--model", name, "-o", "c.yaml"]) == 0
    config = load_config("c.yaml")
    assert config.experiment.exp_name == config.model["embedder"]["model_name_or_path"] == name


def test_data_without_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--task", TASKS[0], "--data", ""]) == 2
    assert capsys.readouterr().err.endswith("--data: received nothing; is a variable of the shell empty?\n")


@pytest.mark.parametrize(
    ("spans", "model"),
    [
        ([{"start": 0, "end": 8, "type": "PER"}], "sequence-labeling-model"),
        ([{"start": 0, "end": 8, "type": "PER"}, {"start": 5, "end": 8, "type": "PER"}], "global-pointer-model"),
        ([{"start": 0, "end": 17, "type": "PER", "parts": [[0, 4], [13, 17]]}], "w2ner-model"),
    ],
)
def test_the_model_finds_the_entities_of_the_data(data: Path, spans: list[dict[str, object]], model: str) -> None:
    """One span in two hundred is taken for a slip."""
    text = "Anna Lee and Rome left"
    slip = {"text": text, "spans": [{"start": 0, "end": 8, "type": "PER"}, {"start": 5, "end": 12, "type": "PER"}]}
    rows = [slip, *[{"text": text, "spans": spans}] * 200]
    (data / "train.json").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["init", "--task", TASKS[0], "--data", "corpus/train.json", "-o", "c.yaml"]) == 0
    assert load_config("c.yaml").model["type"] == model
