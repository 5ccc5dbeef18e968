"""`adaseq retrieve`, as a user meets it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adaseq.commands.main import main
from adaseq.data.formats.conll import ConllFormat

CORPUS = "Rome is a city of Italy\nParis and Rome are twins\nJohn is a name\nnothing\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(CORPUS, encoding="utf-8")
    return path


def test_every_split_of_a_configuration_gets_context(
    tmp_path: Path, write_config: Callable[..., Path], corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config()
    out = tmp_path / "out"
    assert main(["retrieve", "-c", str(config), "--corpus", str(corpus), "-o", str(out), "--top", "2"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "4 passages" and said[1].startswith("train: 60 sentences, ")
    for name in ("train", "valid", "test"):
        before = list(ConllFormat().read(tmp_path / f"{name}.txt"))
        after = list(ConllFormat().read(out / f"{name}.txt"))
        for one, two in zip(before, after, strict=True):
            count = len(one.tokens)
            assert two.tokens[:count] == one.tokens and two.spans == one.spans
            assert two.mask is None or not any(two.mask[count:])
        assert any(each.mask is not None for each in after)


def test_labels_of_a_labelled_corpus_are_not_read(tmp_path: Path, write_config: Callable[..., Path]) -> None:
    config, out = write_config(), tmp_path / "out"
    corpus = [str(tmp_path / "train.txt"), str(tmp_path / "test.txt")]
    command = ["retrieve", "-c", str(config), "--corpus", *corpus, "--corpus_format", "conll", "-o", str(out)]
    assert main(command) == 0
    examples = list(ConllFormat().read(out / "test.txt"))
    assert all(example.mask and "<EOS>" in example.tokens for example in examples)
    assert not {"B-PER", "B-LOC", "I-LOC", "O"} & {word for example in examples for word in example.tokens}


def test_json_says_what_was_done(
    tmp_path: Path, write_config: Callable[..., Path], corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config()
    data = [f"train={tmp_path / 'train.txt'}", f"test={tmp_path / 'test.txt'}"]
    out = tmp_path / "out"
    assert main(["retrieve", "--data", *data, "--corpus", str(corpus), "-o", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["passages"] == 4 and list(report["splits"]) == ["train", "test"]
    assert report["splits"]["test"]["sentences"] == 11 and report["splits"]["test"]["file"] == str(out / "test.txt")
    again = ["retrieve", "--data", *data, "--corpus", str(corpus), "-o", str(out)]
    assert main(again) == 2
    assert capsys.readouterr().err == (
        f"error: {out / 'train.txt'}, {out / 'test.txt'} would be replaced; choose another folder, or say --force\n"
    )
    assert main([*again, "--force"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: give either a configuration with -c, or data with --data\n"),
        (["--data", "x", "--top", "0"], "error: --top and --max_words must be at least 1\n"),
        (["--data", "x", "y"], "error: received --data x y; expected one path, or train=FILE valid=FILE test=FILE\n"),
    ],
)
def test_mistakes_are_explained(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrieve", "--corpus", "c.txt", "-o", "out", *arguments]) == 2
    assert capsys.readouterr().err == message


def test_a_bad_corpus_leaves_nothing_behind(
    tmp_path: Path, write_config: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config()
    bad = tmp_path / "corpus.jsonl"
    bad.write_text('{"text": "fine"}\n{"text": 1}\n', encoding="utf-8")
    assert main(["retrieve", "-c", str(config), "--corpus", str(bad), "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == f"error: {bad}:2: 'text' must be a string or a list of words, not 1\n"
    assert not (tmp_path / "out").exists()


def test_a_format_of_ones_own(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "format_for_retrieve.py").write_text(
        "from adaseq.data.formats.conll import ConllFormat\n\n\nclass Own(ConllFormat): ...\n", encoding="utf-8"
    )
    (tmp_path / "data.txt").write_text("Rome B-LOC\n\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    command = ["retrieve", "--data", "data.txt", "--corpus", str(corpus), "-o", "out"]
    assert main([*command, "--format", "format_for_retrieve:Own", "--import", "format_for_retrieve"]) == 0
    assert (tmp_path / "out" / "train.txt").read_text(encoding="utf-8").startswith("Rome\tB-LOC\n")
