"""Labels and texts that would steer a terminal or a page: a whole run shows them, and obeys none."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from adaseq.commands.main import main
from tests.runs import write_run_config
from tests.torture.traps import HOSTILE

STEERING = {"\x1b", "\x07", "\x9b", "\u202e"}
LABEL = HOSTILE.replace(" ", "")


class Elements(HTMLParser):
    """The elements of a page.

    Args:
        page: its text.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Note an element."""
        self.found.append(tag)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a run whose words and labels are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    config = write_run_config(folder, train={"max_epochs": 1, "hooks": ["CheckpointHook"]})
    for split in ("train", "valid", "test"):
        lines = (f"{HOSTILE.replace(' ', '')} B-{LABEL}\nlives O\n" for _ in range(8))
        (folder / f"{split}.txt").write_text("\n".join(lines), encoding="utf-8")
    return config


def test_a_training_and_what_it_leaves(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    assert main(["train", "-c", str(run), "-w", str(tmp_path / "run"), "-d", "cpu"]) == 0
    shown = capsys.readouterr()
    log = (tmp_path / "run" / "out.log").read_text(encoding="utf-8")
    for text in (shown.out, shown.err, log):
        assert "script" in text or text is shown.out
        assert not STEERING & set(text)
    card = (tmp_path / "run" / "output_best" / "README.md").read_text(encoding="utf-8")
    assert "alert(1)" in card and "<script" not in card
    assert not STEERING & set(card), "a card is shown on terminals and by the pages of hubs"
    for row in (line for line in card.splitlines() if "alert" in line and line.startswith("|")):
        # Each row of a table has the columns of its head: nothing in a label ends one.
        assert row.replace("\\|", "").count("|") in (4, 6), row
    for arguments in (["test", "-w", str(tmp_path / "run")], ["inspect", "-c", str(run)]):
        assert main(arguments) == 0
        shown = capsys.readouterr()
        assert not STEERING & set(shown.out + shown.err)


def test_predictions_and_pages(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    assert main(["train", "-c", str(run), "-w", str(tmp_path / "run"), "-d", "cpu"]) == 0
    source = tmp_path / "in.txt"
    source.write_text(f"{HOSTILE} lives\n", encoding="utf-8")
    capsys.readouterr()
    for kind in ("jsonl", "table", "html"):
        arguments = ["-m", str(tmp_path / "run" / "output_best"), "-i", str(source), "--output_format", kind]
        assert main(["predict", *arguments]) == 0
        shown = capsys.readouterr()
        assert not STEERING & set(shown.out + shown.err), kind
        if kind == "html":
            assert not {"script", "img", "iframe", "link"} & set(Elements(shown.out).found)
        elif kind == "jsonl":
            assert json.loads(shown.out)["text"] == f"{HOSTILE} lives"
    assert main(["inspect", "-c", str(run), "--html", str(tmp_path / "report.html")]) == 0
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not {"script", "img", "iframe"} & set(Elements(report).found) and not STEERING & set(report)


def test_names_of_files_and_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = tmp_path / f"{HOSTILE.replace('/', '')}.yaml"
    name.write_text(json.dumps({HOSTILE: 1, "task": HOSTILE}), encoding="utf-8")
    for verb in ("check", "train"):
        assert main([verb, "-c", str(name)]) == 2
        shown = capsys.readouterr()
        assert "script" in shown.err and not STEERING & set(shown.out + shown.err)
