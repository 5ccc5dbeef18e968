"""`adaseq inspect` from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adaseq.commands.main import main

GOOD = "".join(f"Anna B-PER\nsaw O\nn{i} O\n\n" for i in range(6))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "train.txt"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_status_zero_means_go_on(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--data", str(data), "--format", "conll"]) == 0
    assert capsys.readouterr().out.endswith("nothing found. Training can go on.\n")


def test_data_may_be_named_without_a_flag(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(data), "--format", "conll"]) == 0
    assert "train.txt" in capsys.readouterr().out
    assert main(["inspect", str(data), "-c", "config.yaml"]) == 2
    assert "give either a configuration with -c, or data with --data" in capsys.readouterr().err


def test_a_guessed_encoding_is_named(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text(GOOD.replace("Anna", "Ren\xe9"), encoding="latin-1")
    page = tmp_path / "report.html"
    assert main(["inspect", str(data), "--html", str(page)]) == 0
    assert "train.txt (conll, encoding: latin-1, tags read as BIO)" in capsys.readouterr().out
    assert "<td>latin-1</td>" in page.read_text(encoding="utf-8")


def test_errors_and_strict_warnings_are_status_two(data: Path) -> None:
    data.write_text(GOOD + "Rom I-PER\n\n", encoding="utf-8")
    command = ["inspect", "--data", str(data), "--format", "conll"]
    assert main(command) == 0
    assert main([*command, "--strict"]) == 2
    assert main([*command, "--strict", "--ignore", "illegal-transition,rare-label"]) == 0
    data.write_text(GOOD + "Rom\n\n", encoding="utf-8")
    assert main(command) == 2


def test_raw_text_is_in_order_unless_labels_are_to_be_learned(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text("The ferry leaves at noon.\n", encoding="utf-8")
    command = ["inspect", str(data), "--format", "plain_text"]
    assert [main(command), main([*command, "--task", "pretraining"])] == [0, 0]
    assert main([*command, "--task", "named-entity-recognition"]) == 2
    assert "no annotation at all in the training data" in capsys.readouterr().out


def test_json_html_and_copies(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text(GOOD + "Rom I-PER\n\n", encoding="utf-8")
    page, copies = tmp_path / "report.html", tmp_path / "fixed"
    command = ["inspect", "--data", f"train={data}", "--json", "--html", str(page), "--fix", str(copies)]
    assert main(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"errors": 0, "warnings": 1, "notes": 0}
    assert report["findings"][0]["places"][0]["line"] == 25 and report["findings"][0]["places"][0]["fixed"]
    assert report["copies"] == [
        {"file": str(data), "copy": str(copies / "train.txt"), "changes": {"illegal-transition": 1}}
    ]
    assert "Inspection of train.txt" in page.read_text(encoding="utf-8")
    assert (copies / "train.txt").read_text(encoding="utf-8") == GOOD + "Rom B-PER\n\n"


def test_a_configuration(write_config: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "-c", str(write_config()), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [file["split"] for file in report["files"]] == ["train", "valid", "test"]
    assert report["splits"]["train"]["examples"] == 60
    assert report["max_length"] == 512


def test_the_tokenizer_of_a_configuration(
    write_config: Callable[..., Path], tiny_bert: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(model={"embedder": {"model_name_or_path": str(tiny_bert)}}, preprocessor={"max_length": 9})
    assert main(["inspect", "-c", str(config), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["max_length"] == 9 and report["vocabulary"]["test"]["words"] > 0
    assert "too-long" in [finding["code"] for finding in report["findings"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: give either a configuration with -c, or data with --data\n"),
        (["--data", "a", "b"], "error: received --data a b; expected one path, or train=FILE valid=FILE test=FILE\n"),
        (
            ["--data", "DATA", "--option", "x"],
            "error: received --option x; expected KEY=VALUE, such as delimiter=tab\n",
        ),
        (["--data", "DATA", "--set", "a=b"], "error: --set does not go with --data\n"),
        (["-c", "DATA"], "error: --format does not go with -c; --set overrides the configuration\n"),
        (["--data", "DATA", "--ignore", "mojibaki"], "error: there is no finding 'mojibaki'; did you mean 'mojibake'?"),
        (["--data", "DATA", "--places", "0"], "error: --places and --max_length must be at least 1\n"),
    ],
)
def test_mistakes(data: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = [str(data) if each == "DATA" else each for each in arguments]
    assert main(["inspect", *given, *(["--format", "conll"] if given else [])]) == 2
    assert capsys.readouterr().err.startswith(message)


def test_an_option_of_the_format(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["inspect", "--data", str(data), "--format", "conll", "--option"]
    assert main([*command, "label_column=-1"]) == 0
    assert main([*command, "encoding=[1"]) == 2
    assert capsys.readouterr().err.startswith(
        "error: 1 problem in the configuration:\n--option encoding:1:3: no valid YAML"
    )
    data.write_text(GOOD.replace(" ", "|"), encoding="utf-8")
    assert main([*command, "delimiter=|"]) == 0
    assert main([*command, "label_colum=1"]) == 2
    assert "unknown key 'label_colum'; did you mean 'label_column'?" in capsys.readouterr().err


def test_help_does_not_import_what_takes_long() -> None:
    code = (
        "import sys\nfrom adaseq.commands.main import main\nmain(['inspect', '--help'])\n"
        "print(sorted({'torch', 'numpy', 'transformers', 'pyarrow', 'pydantic'} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_a_terminal_that_knows_few_characters(data: Path) -> None:
    data.write_text(GOOD + "中 I-PER\n\n", encoding="utf-8")
    command = [sys.executable, "-m", "adaseq", "inspect", "--data", str(data), "--format", "conll"]
    result = subprocess.run(command, capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii", "PATH": ""})
    assert result.returncode == 0, result.stderr
    assert b"\\u4e2d" in result.stdout
