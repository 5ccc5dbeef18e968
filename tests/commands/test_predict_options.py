"""`adaseq predict`: what it reads and writes, and its options."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from adaseq.commands.main import main
from tests.inference.test_html import Reader

Captured = pytest.CaptureFixture[str]


def predict(folder: Path, *given: str) -> int:
    return main(["predict", "-m", str(folder), "-d", "cpu", *given])


def write(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_tables_in_and_out(trained_folder: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", 'id,text\n7,"mary works in\nnew york ."\n8,\n')
    target = tmp_path / "out.csv"
    assert predict(trained_folder, "-i", source, "-o", str(target)) == 0
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    found = [(row["number"], row["id"], row["type"], row["span"]) for row in rows]
    assert found == [("1", "7", "PER", "mary"), ("1", "7", "LOC", "new york"), ("2", "8", "", "")]
    assert rows[0]["text"] == "mary works in\nnew york ."
    source = write(tmp_path / "in.tsv", "note\tid\nmary works\t1\n")
    target = tmp_path / "out.jsonl"
    assert predict(trained_folder, "-i", source, "-o", str(target), "--text_column", "note") == 0
    (record,) = map(json.loads, target.read_text(encoding="utf-8").splitlines())
    assert (record["text"], record["id"], record["output"][0]["span"]) == ("mary works", "1", "mary")


def test_the_suffix_of_the_output_says_its_format(trained_folder: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.txt", "mary works .\n")
    for name, beginning in (("a.html", "<!DOCTYPE html>"), ("a.conll", "mary\tS-PER\n"), ("a.tsv", "number\ttext\t")):
        assert predict(trained_folder, "-i", source, "-o", str(tmp_path / name)) == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(beginning)


def test_a_page_of_hostile_texts(trained_folder: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "<b>.txt", "mary <script>alert(1)</script> works in york .\n\x1b[2J\x9b&amp;\n")
    assert predict(trained_folder, "-i", source, "-o", str(tmp_path / "out.html")) == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    reader = Reader(page)
    assert not {"script", "img", "link", "iframe"} & set(reader.elements)
    assert "script>alert(1)" in reader.text and "<b>.txt" in reader.text and "&amp;" in reader.text
    assert not {"\x1b", "\x9b"} & set(page)


def test_terminal_escapes_are_harmless(
    trained_folder: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in.txt", "mary \x1b[31m works\n")
    bad = write(tmp_path / "bad.jsonl", '["\\u001b[31m\x9b"]\n')
    for more in (["--output_format", "jsonl"], ["--output_format", "table"], ["--output_format", "html"]):
        assert predict(trained_folder, "-i", source, *more) == 0
        assert "\x1b" not in capsys.readouterr().out
    assert predict(trained_folder, "-i", source, "--output_format", "conll") == 0
    assert "\x1b" in capsys.readouterr().out, "what a program reads is what it was"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert predict(trained_folder, "-i", source, "--output_format", "conll") == 0
    assert "\x1b" not in capsys.readouterr().out
    assert predict(trained_folder, "-i", bad) == 2
    assert predict(trained_folder, "-i", bad, "--errors", "skip") == 0
    assert "\x9b" not in capsys.readouterr().err


def test_bad_rows_are_counted(trained_folder: Path, tmp_path: Path, capsys: Captured) -> None:
    source = write(tmp_path / "in.csv", "id,text\n1,mary\n2\n3,john\n4,a,b\n")
    assert predict(trained_folder, "-i", source, "-o", str(tmp_path / "out.jsonl"), "--errors", "skip") == 0
    assert capsys.readouterr().err == (
        f"skipped: {source}:3: this row has 1 cells; the first line names 2 columns\n"
        f"skipped: {source}:5: this row has 3 cells; the first line names 2 columns\n"
        "skipped 2 of 4 records\n"
    )
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    assert predict(trained_folder, "-i", source, "-o", str(tmp_path / "other.jsonl"), "--errors", "stop") == 2
    assert not (tmp_path / "other.jsonl").exists()


def test_a_dictionary_of_the_users(trained_folder: Path, tmp_path: Path, capsys: Captured) -> None:
    words = write(tmp_path / "words.tsv", "works in\tLOC\n")
    text = "mary works in london ."
    options = ["--dictionary", words]
    assert predict(trained_folder, *options, "--dictionary_mode", "force", text) == 0
    assert "works in  LOC  5-13   1.000" in capsys.readouterr().out
    assert predict(trained_folder, *options, "--dictionary_bonus", "0.001", text) == 0
    assert "works in" not in capsys.readouterr().out
    write(tmp_path / "words.tsv", "works in\tLOK\n")
    assert predict(trained_folder, *options, text) == 2
    assert capsys.readouterr().err == (
        "error: the dictionary says that 'works in' is a 'LOK', which the model does not know; did you mean 'LOC'? its types "
        "are 'LOC', 'PER'\n"
    )


def test_readings_and_thresholds(trained_folder: Path, capsys: Captured) -> None:
    text = "mary works in london ."
    assert predict(trained_folder, "--n_best", "2", "--output_format", "jsonl", text) == 0
    result = json.loads(capsys.readouterr().out)
    assert len(result["readings"]) == 2 and result["readings"][0]["output"] == result["output"]
    assert predict(trained_folder, "--min_probability", "PER=1", "--min_probability", "0.1", text) == 0
    assert capsys.readouterr().out.split()[:2] == ["london", "LOC"]
    assert predict(trained_folder, "--min_probability", "PER=high", text) == 2
    assert capsys.readouterr().err == (
        "error: --min_probability is a number, or a type and a number as in PER=0.7; received 'PER=high'\n"
    )


def test_what_the_model_cannot_do(trained_folder: Path, capsys: Captured) -> None:
    assert predict(trained_folder, "--candidates", "mary") == 2
    assert capsys.readouterr().err.startswith(
        "error: SequenceLabelingModel does not score spans one by one (candidates)"
    )
    assert predict(trained_folder, "--window_overlap", "99", "mary") == 2
    assert "window_overlap is 99" in capsys.readouterr().err


def test_a_module_of_the_users(
    trained_folder: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It registers a splitter, which the model then uses; nothing is imported that was not named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    write(
        tmp_path / "my_splitters_for_predict.py",
        "from adaseq.data.splitters import BlankSplitter\nfrom adaseq.registry import SPLITTERS\n\n"
        '@SPLITTERS.register("lower-for-predict")\nclass Lower(BlankSplitter):\n    """Lower case."""\n\n'
        "    def split(self, text):\n        words, places = super().split(text)\n"
        "        return [word.lower() for word in words], places\n",
    )
    options = ["--text_splitter", "lower-for-predict", "--output_format", "conll", "MARY"]
    assert predict(trained_folder, *options) == 2
    assert "there is no text splitter 'lower-for-predict'" in capsys.readouterr().err
    assert predict(trained_folder, "--import", "my_splitters_for_predict", *options) == 0
    assert capsys.readouterr().out == "mary\tS-PER\n\n"
    assert predict(trained_folder, "--import", "no_such_module_of_mine", "mary") == 2
    assert "no_such_module_of_mine" in capsys.readouterr().err
