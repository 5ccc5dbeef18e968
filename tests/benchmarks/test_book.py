"""The benchmark book: its chapters run, the page says what the file with the figures says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.benchmarks.scripts import BENCHMARKS, source_of

TEXTS = yaml.safe_load((BENCHMARKS / "book.yaml").read_text(encoding="utf-8"))
CHAPTERS = TEXTS["chapters"]
MACHINE = {"processor": "a processor", "cores": 2, "memory_gib": 8.0, "torch": "2", "torch_threads": 2}


def call(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script of the book."""
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def measured(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What the book keeps of a chapter."""
    facts = {"arguments": ["--repeats", "3"], "date": "2026-01-02T03:04:05+00:00", "machine": MACHINE}
    return {**facts, "cores_used_by_others": 0.0, "quick": False, "own_data": [], **more, "rows": rows}


def page_of(folder: Path, chapters: dict[str, Any]) -> str:
    """The page that is made of some figures."""
    (folder / "book.json").write_text(json.dumps({"chapters": chapters}), encoding="utf-8")
    finished = call("book_page.py", "--book", folder / "book.json", "--docs", folder)
    assert finished.returncode == 0, finished.stderr
    return (folder / "benchmarks.md").read_text(encoding="utf-8")


def test_a_quick_book_makes_figures_and_a_page(tmp_path: Path) -> None:
    paths = ["--output", tmp_path / "book.json", "--docs", tmp_path]
    finished = call("book.py", "--quick", "--threads", 1, "--chapters", "crf", "flair", "gpu_crf", *paths)
    assert finished.returncode == 0, finished.stderr
    assert "flair: left out, ask for it with --flair" in finished.stdout
    chapters = json.loads((tmp_path / "book.json").read_text(encoding="utf-8"))["chapters"]
    assert chapters["flair"] == {"skipped": "ask for it with --flair"}
    crf = chapters["crf"]
    assert crf["quick"] is True and crf["arguments"][-2:] == ["--threads", "1"]
    assert [(row["what"], row["L"], row["K"]) for row in crf["rows"][:2]] == [("crf loss", 8, 3), ("crf decode", 8, 3)]
    for language, name in (("en", "benchmarks.md"), ("zh", "benchmarks_zh.md")):
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert f"## {CHAPTERS['crf']['title'][language]}" in page
        assert f"## {CHAPTERS['flair']['title'][language]}" not in page
        assert TEXTS["page"]["quick"][language] in page
        for row in crf["rows"]:
            assert f"| {row['what']} | {row['L']} | {row['K']} | {row['pytorch-crf ms']:.3g} | " in page
    for plot in ("benchmark_crf.svg", "benchmark_crf_2.svg"):
        names = {each.text for each in ElementTree.parse(tmp_path / "images" / plot).getroot().iter()}
        assert {"K = 3", "K = 5"} <= names

    check = ["--book", tmp_path / "book.json", "--docs", tmp_path, "--check"]
    assert call("book_page.py", *check).returncode == 0
    crf["rows"][0]["ratio"] *= 2
    (tmp_path / "book.json").write_text(json.dumps({"chapters": chapters}), encoding="utf-8")
    changed = call("book_page.py", *check)
    assert changed.returncode == 1
    assert changed.stderr.strip().endswith("writes them: images/benchmark_crf.svg, benchmarks.md, benchmarks_zh.md")


def test_the_page_says_what_the_figures_say() -> None:
    finished = call("book_page.py", "--check")
    assert finished.returncode == 0, finished.stderr


def test_the_page_warns(tmp_path: Path) -> None:
    row = {"what": "ours", "median s": 1234.5, "min s": 0.123456, "max s": 2.0, "of bare loop": 0.00012}
    page = page_of(tmp_path, {"loop": measured([row], cores_used_by_others=0.5), "use": {"failed": 1}})
    assert "**Other programs used up to 0.50 cores meanwhile: do not believe these figures.**" in page
    assert "| ours | 1,234 | 0.123 | 2 | 1e-04 |" in page
    assert "**This chapter failed in the last run; there are no figures.**" in page
    assert "- a processor, 2 cores, 8 GiB; torch 2; 2 threads of torch" in page
    assert "Command: `python benchmarks/bench_training_loop.py --repeats 3`. Measured on: 2026-01-02." in page


def test_the_page_shows_a_gpu_with_its_name_or_not_at_all(tmp_path: Path) -> None:
    row = {"what": "BERT-base: step", "median s": 1.0, "utilisation": 0.5, "CRF share": None}
    result = measured([row], device={"name": "a fast one"})
    page = page_of(tmp_path, {"gpu": result})
    assert "Measured on: 2026-01-02, a fast one." in page and "CRF share |" not in page
    assert "## A GPU" not in page_of(tmp_path, {"gpu": {"skipped": "there is no GPU that torch can use"}})
    assert "## A GPU" not in page_of(tmp_path, {"gpu": {**result, "quick": True}})


def test_calibration_is_drawn_where_it_was_measured(tmp_path: Path) -> None:
    bins = [{"what": "0.9 to 1.0", "entities": 3, "mean probability": 0.95, "share right": 1.0}]
    rows = [{"what": "calibration", "expected calibration error": 0.05}, {"what": "forward", "median s": 1.0}]
    page = page_of(tmp_path, {"use": measured(rows, calibration=bins)})
    assert "(images/benchmark_use_calibration.svg)" in page
    assert "0.050" in (tmp_path / "images" / "benchmark_use_calibration.svg").read_text(encoding="utf-8")


def test_own_data_takes_the_place_of_the_demo(tmp_path: Path, corpus: Path) -> None:
    data = tmp_path / "mine.yaml"
    data.write_text(f"test: {corpus.name}\nbackbone: nowhere\n", encoding="utf-8")
    missing = call("book.py", "--data", data, "--chapters", "use")
    assert missing.returncode == 1 and missing.stderr == f"not found: {tmp_path / 'nowhere'}\n"
    data.write_text("tests: corpus.conll\n", encoding="utf-8")
    unknown = call("book.py", "--data", data, "--chapters", "use")
    assert unknown.returncode == 1
    assert unknown.stderr == f"{data}: unknown tests; there are train, dev, test, backbone, model, config\n"


@pytest.mark.slow
def test_a_chapter_that_fails_does_not_stop_the_book(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    broken = tmp_path / "broken.conll"
    broken.write_text("a\n", encoding="utf-8")
    data = tmp_path / "mine.yaml"
    data.write_text(f"test: {broken}\nbackbone: {tiny_bert}\n", encoding="utf-8")
    paths = ["--output", tmp_path / "book.json", "--docs", tmp_path]
    finished = call("book.py", "--quick", "--data", data, "--chapters", "use", "crf_kl", *paths)
    assert finished.returncode == 1 and finished.stderr.endswith("failed: use\n")
    text = (tmp_path / "book.json").read_text(encoding="utf-8")
    assert json.loads(text)["chapters"].keys() == {"use", "crf_kl"}
    assert str(tmp_path) not in text


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_is_complete(name: str) -> None:
    chapter = CHAPTERS[name]
    assert all(chapter[key].keys() == {"en", "zh"} for key in ("title", "text"))
    assert set(chapter["columns"]) <= set(TEXTS["headings"])
    assert {plot["value"] if plot["kind"] == "bars" else plot["y"] for plot in chapter.get("plots", ())} <= set(
        chapter["columns"]
    )
    source = source_of(chapter["script"])
    flags = [each for each in [*chapter["arguments"], *chapter.get("quick", ())] if each.startswith("-")]
    assert all(f'"{flag}"' in source for flag in [*flags, *chapter.get("data", {})])


def test_every_script_has_a_chapter() -> None:
    scripts = {path.name for path in BENCHMARKS.glob("bench_*.py")}
    # What it measures is a part of the chapter about growth.
    assert scripts - {chapter["script"] for chapter in CHAPTERS.values()} == {"bench_memory.py"}
