"""`adaseq predict`: sentences, files and standard input."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adaseq.commands.main import main

Captured = pytest.CaptureFixture[str]


def found(line: str) -> list[tuple[str, str]]:
    return [(each["type"], each["span"]) for each in json.loads(line)["output"]]


def type_in(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("flag", [[], ["--text"]])
def test_a_typed_sentence_gives_a_table(trained_folder: Path, capsys: Captured, flag: list[str]) -> None:
    assert main(["predict", "-m", str(trained_folder), "-d", "cpu", *flag, "Mary Smith works in New York."]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Mary Smith  PER  0-10   0.9")
    assert second.startswith("New York    LOC  20-28  0.9")


def test_lines_of_text_to_json_lines(trained_folder: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "new" / "out.jsonl"
    source.write_text("mary works in york .\n\njohn works in london .\n", encoding="utf-8")
    assert main(["predict", "-m", str(trained_folder), "-i", str(source), "-o", str(target), "-d", "cpu"]) == 0
    first, second, third = target.read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["text"] == "mary works in york ."
    assert found(first) == [("PER", "mary"), ("LOC", "york")]
    assert second == '{"text": "", "output": []}'
    assert found(third) == [("PER", "john"), ("LOC", "london")]
    assert list(json.loads(first)["output"][0]) == ["type", "start", "end", "span", "prob"]


def test_standard_input_to_standard_output(
    trained_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    type_in(monkeypatch, '{"text": "mary works in york .", "id": "七"}\n'.encode())
    assert main(["predict", "-m", str(trained_folder), "-d", "cpu", "--format", "jsonl", "-i", "-"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["id"] == "七"
    assert found(line) == [("PER", "mary"), ("LOC", "york")]


def test_columns_to_columns(trained_folder: Path, tmp_path: Path, capsys: Captured) -> None:
    source = tmp_path / "in.conll"
    source.write_text("mary B-PER\nworks O\nin O\nnew O\nyork O\n.\n\njohn\n<EOS>\nmary\n", encoding="utf-8")
    assert main(["predict", "-m", str(trained_folder), "-d", "cpu", "-i", str(source)]) == 0
    first, second = capsys.readouterr().out.strip().split("\n\n")
    assert first.splitlines() == ["mary\tS-PER", "works\tO", "in\tO", "new\tB-LOC", "york\tE-LOC", ".\tO"]
    assert second.splitlines()[1:] == ["<EOS>\tO", "mary\tO"]


def test_other_formats_on_request(trained_folder: Path, tmp_path: Path, capsys: Captured) -> None:
    source = tmp_path / "in.conll"
    source.write_text("john\nworks\n\n", encoding="utf-8")
    options = ["-m", str(trained_folder), "-d", "cpu", "-i", str(source), "--output_format"]
    assert main(["predict", *options, "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == ["john", "works"]
    assert main(["predict", *options[:-1], "--format", "text", "--output_format", "conll"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["john", "", "works", "", ""]


def test_options_reach_the_predictor(trained_folder: Path, capsys: Captured) -> None:
    options = ["--precision", "bf16", "--batch_tokens", "7", "--min_prob", "1", "--text_splitter", "blank"]
    text = "mary works in york ."
    assert main(["predict", "-m", str(trained_folder), "-d", "cpu", *options, text]) == 0
    assert capsys.readouterr().out == "(nothing found)\n"


BAD = b'{"text": "mary works in york ."}\n{"txt": "a"}\n\xff\n{"tokens": ["john", "works"]}\n'


def test_a_bad_record_stops_with_its_line_and_writes_nothing(
    trained_folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(BAD)
    target.write_text("old", encoding="utf-8")
    assert main(["predict", "-m", str(trained_folder), "-i", str(source), "-o", str(target), "-d", "cpu"]) == 2
    assert capsys.readouterr().err == (
        f'error: {source}:2: an input has either "text" or "tokens"; this one has \'txt\'\n'
    )
    assert target.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.parametrize("flag", ["--skip_bad", "--skip-bad", "--errors=skip"])
def test_bad_records_are_skipped_on_request(trained_folder: Path, tmp_path: Path, capsys: Captured, flag: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(BAD)
    assert main(["predict", "-m", str(trained_folder), "-i", str(source), "-d", "cpu", flag]) == 0
    captured = capsys.readouterr()
    assert [next(iter(json.loads(line))) for line in captured.out.splitlines()] == ["text", "tokens"]
    first, second, last = captured.err.splitlines()
    assert last == "skipped 2 of 4 records"
    assert first == f'skipped: {source}:2: an input has either "text" or "tokens"; this one has \'txt\''
    assert second.startswith(f"skipped: {source}:3: this line is not UTF-8")


def arguments(*given: str) -> list[str]:
    return ["predict", "-d", "cpu", *given]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["-m", "{here}/mdoel", "a"], "There is no model folder '{here}/mdoel'; did you mean 'model'?"),
        (["-m", "{here}/model", "a"], "'{here}/model' is not a model folder: it has no configuration.json"),
        (["-m", "m", "a", "--text", "b"], "give one input: a sentence, or --text, or -i/--input"),
        (["-m", "m", "a", "-i", "b"], "give one input: a sentence, or --text, or -i/--input"),
        (["-m", "m", "-i", "{here}/tset.txt"], "the input '{here}/tset.txt' is not there; did you mean 'test.txt'?"),
        (["-m", "m", "-i", "{here}/model"], "the input '{here}/model' is a folder, not a file"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, capsys: Captured, given: list[str], message: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "test.txt").write_text("", encoding="utf-8")
    assert main(arguments(*(each.format(here=tmp_path) for each in given))) == 2
    assert capsys.readouterr().err == f"error: {message.format(here=tmp_path)}\n"


def test_pipes_and_links_stay_what_they_are(trained_folder: Path, tmp_path: Path) -> None:
    """As in `-i <(zcat texts.gz) -o /dev/null`."""
    (source, fill), (drain, target) = os.pipe(), os.pipe()
    result, link = tmp_path / "result.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(result)
    with open(drain, "rb") as read, open(source, "rb"):
        with open(fill, "wb") as write:
            write.write(b"mary works in york .\n")
        with open(target, "wb"):
            given = arguments("-m", str(trained_folder), "-i", f"/dev/fd/{source}", "-o", f"/dev/fd/{target}")
            assert main(given) == 0
        assert found(read.read().decode()) == [("PER", "mary"), ("LOC", "york")]
    assert main(arguments("-m", str(trained_folder), "mary", "--output_format", "jsonl", "-o", str(link))) == 0
    assert link.is_symlink() and found(result.read_text(encoding="utf-8")) == [("PER", "mary")]


def test_an_exported_model_runs_elsewhere(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "adaseq_export.json").touch()
    assert main(arguments("-m", str(tmp_path), "mary")) == 2
    assert capsys.readouterr().err == (
        f"error: '{tmp_path}' is an exported model, which `adaseq serve` and adaseq.runtime.load run; give the model folder\n"
    )


def test_a_folder_is_no_output(trained_folder: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(arguments("-m", str(trained_folder), "-o", str(tmp_path), "mary")) == 2
    assert capsys.readouterr().err == f"error: the output '{tmp_path}' is a folder, not a file\n"


def test_what_programs_read_is_in_utf_8(trained_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding="ascii", newline="\r\n"))
    assert main(arguments("-m", str(trained_folder), "--output_format", "jsonl", "mary 七")) == 0
    sys.stdout.flush()
    line = content.getvalue()
    assert json.loads(line)["text"] == "mary 七" and "七".encode() in line and b"\r" not in line


def test_options_out_of_range(trained_folder: Path, capsys: Captured) -> None:
    assert main(arguments("-m", str(trained_folder), "--batch_tokens", "0", "a")) == 2
    assert capsys.readouterr().err == "error: batch_tokens must be at least 1; received 0\n"


def test_an_empty_file_gives_an_empty_file(trained_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").touch()
    target = tmp_path / "out.jsonl"
    assert main(arguments("-m", str(trained_folder), "-i", str(tmp_path / "in.txt"), "-o", str(target))) == 0
    assert target.read_bytes() == b""


def test_a_reader_that_leaves_is_no_error(trained_folder: Path) -> None:
    command = [sys.executable, "-m", "adaseq", *arguments("-m", str(trained_folder))]
    text = b"mary works in york .\n" * 600
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(text)
    process.stdin.close()
    assert found(process.stdout.readline().decode()) == [("PER", "mary"), ("LOC", "york")]
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_help_does_not_import_torch() -> None:
    code = (
        "import sys; from adaseq.commands.main import main; status = main(['predict', '--help']); "
        "print(status, sorted({'torch', 'transformers', 'numpy'} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert "--skip_bad" in result.stdout
    assert result.stdout.splitlines()[-1] == "0 []"


def test_progress_is_shown_only_when_somebody_watches(
    trained_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    (tmp_path / "in.txt").write_text("mary\n" * 3, encoding="utf-8")
    options = arguments("-m", str(trained_folder), "-i", str(tmp_path / "in.txt"), "-o", str(tmp_path / "out"))
    assert main(options) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(options) == 0
    assert "3 texts" in capsys.readouterr().err


def test_typed_lines_are_answered_one_by_one(trained_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal each line is answered before the next is read."""
    output = io.StringIO()
    answered: list[int] = []

    class Terminal:
        def isatty(self) -> bool:
            return True

        def __iter__(self) -> Any:
            for _ in range(2):
                answered.append(len(output.getvalue().splitlines()))
                yield b"mary works in york .\n"

    class Standard:
        buffer = Terminal()

    monkeypatch.setattr(sys, "stdin", Standard())
    monkeypatch.setattr(sys, "stdout", output)
    assert main(arguments("-m", str(trained_folder))) == 0
    assert answered == [0, 1]
