"""`adaseq export`: what it writes, says and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import adaseq.runtime
from adaseq.commands.main import main
from adaseq.errors import ModelError
from adaseq.export.comparison import Comparison, compare
from adaseq.export.exporter import judge


def test_an_exported_folder_is_complete(
    trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "exported"
    assert main(["export", "-m", str(trained_folder), "--to", "onnx", "-o", str(target)]) == 0
    output = capsys.readouterr().out
    assert "found the same (100.00%)" in output and output.endswith(f"written: {target}\n")
    names = {"adaseq_export.json", "model.onnx", "decoder.npz", "tokenizer.json", "pieces.json"}
    assert {file.name for file in target.iterdir()} == names
    facts = json.loads((target / "adaseq_export.json").read_text(encoding="utf-8"))
    assert str(trained_folder) not in json.dumps(facts)
    assert main(["export", "-m", str(trained_folder), "-o", str(target)]) == 0  # an exported folder may be replaced


@pytest.mark.parametrize("kind", ["int8", "int8-blocks"])
def test_eight_bits(kind: str, trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("mary smith works in london .\n\njohn works in new york .\n", encoding="utf-8")
    target = tmp_path / "small"
    command = ["export", "-m", str(trained_folder), "--quantize", kind, "-o", str(target), "--texts", str(texts)]
    assert main(command) == 0
    output = capsys.readouterr().out
    assert "size of the weights" in output and "times as fast" in output
    result = adaseq.runtime.load(target)("Mary Smith works in New York.")
    assert [each["span"] for each in result["output"]] == ["Mary Smith", "New York"]


def test_texts_of_the_users_in_any_format(
    trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record may be more than a line of text."""

    def compared(content: str) -> str:
        texts = tmp_path / "texts.jsonl"
        texts.write_text("\ufeff" + content, encoding="utf-8")
        command = ["export", "-m", str(trained_folder), "-o", str(tmp_path / "exported"), "--texts", str(texts)]
        status = main(command)
        captured = capsys.readouterr()
        return captured.out.split("compared on ")[1].split()[0] if status == 0 else captured.err

    record = '{"tokens": ["mary", "works"], "mask": [true, false]}\n'
    assert int(compared(record * 3)) == int(compared("")) + 3
    assert compared(record + '{"txt": "a"}\n').startswith("error: inputs[1]: an input has either")


def test_what_is_there_is_not_replaced(
    trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("precious", encoding="utf-8")
    assert main(["export", "-m", str(trained_folder), "-o", str(tmp_path)]) == 2
    assert "holds something else than an exported model; give another folder with -o" in capsys.readouterr().err
    assert main(["export", "-m", str(trained_folder), "-o", str(trained_folder)]) == 2
    assert "cannot replace the model folder" in capsys.readouterr().err
    assert main(["export", "-m", str(trained_folder), "-o", str(tmp_path / "x"), "--texts", str(tmp_path / "no")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "precious"


def test_an_export_that_says_something_else_is_refused() -> None:
    said = {"output": [{"type": "PER", "start": 0, "end": 4, "prob": 0.9}]}
    other = {"output": [{"type": "LOC", "start": 0, "end": 4, "prob": 0.9}]}
    with pytest.raises(ModelError) as caught:
        judge(compare(["Mary"], [said], [other]), None)
    assert str(caught.value) == (
        "the exported model does not say what the model says: 0 of 2 found the same (0.00%), probabilities at most 0.0e+00 "
        "apart; nothing was written\n  \"'Mary'\": exported [('PER', 0, 4)], model [('LOC', 0, 4)]"
    ).replace("\"'Mary'\"", "'Mary'")
    near = {"output": [{"type": "PER", "start": 0, "end": 4, "prob": 0.91}]}
    with pytest.raises(ModelError, match=r"probabilities at most 1.0e-02 apart"):
        judge(compare(["Mary"], [said], [near]), None)
    judge(compare(["Mary"], [said], [near]), "int8")
    judge(Comparison(found=0), None)
    with pytest.raises(ModelError, match="Export it without --quantize"):
        judge(compare(["Mary"], [said], [other]), "int8")
