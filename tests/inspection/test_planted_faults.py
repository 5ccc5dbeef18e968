"""Of 500 planted faults all are found, and in the clean corpus none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from adaseq.inspection.findings import Findings
from adaseq.inspection.inspector import Report, find_parts, inspect_parts
from tests.inspection.planted import MAX_LENGTH, Corpus, Planted

# Each of these has no other cause in the faulty copy than a fault that was planted as such.
EXACT = (
    *(
        "unreadable-record",
        "odd-columns",
        "undecodable-bytes",
        "mojibake",
        "replacement-character",
        "control-character",
    ),
    *("zero-width-character", "blank-word", "space-in-word", "private-use", "mixed-scripts", "full-width"),
    *("not-normalised", "bad-tag", "too-long", "inconsistent-type", "confusable-labels", "label-not-in-train"),
    *("duplicate-sentence", "overlap-between-splits", "conflicting-duplicate", "span-cuts-word", "span-edge-space"),
    *("repeated-span", "crossing-spans", "illegal-transition"),
)


def inspected(folder: Path) -> Report:
    datasets = [
        {
            "data_file": {split: str(folder / f"{split}.txt") for split in ("train", "dev", "test")},
            "data_type": "conll",
        },
        {"data_file": str(folder / "texts.jsonl"), "data_type": "json_spans"},
    ]
    findings = Findings(most_places=100_000)
    reports = [
        inspect_parts(find_parts(each), findings, max_length=MAX_LENGTH + 100 * n) for n, each in enumerate(datasets)
    ]
    return reports[0]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, list[Planted]]:
    corpus = Corpus()
    corpus.plant()
    folder = tmp_path_factory.mktemp("planted") / "faulty"
    planted = corpus.write(folder)
    return inspected(folder), planted


def test_the_clean_corpus_has_no_fault(tmp_path: Path) -> None:
    corpus = Corpus()
    assert corpus.write(tmp_path / "clean") == []
    report = inspected(tmp_path / "clean")
    assert [(each.kind.code, str(each.places[0]), each.places[0].what) for each in report.findings] == []
    assert report.status(strict=True) == 0


def test_all_planted_faults_are_found(faulty: tuple[Report, list[Planted]]) -> None:
    report, planted = faulty
    assert len(planted) == 500
    found = {(each.kind.code, place.file, place.line) for each in report.findings for place in each.places}
    assert [fault for fault in planted if tuple(fault) not in found] == []
    assert report.status() == 2


def test_nothing_else_is_found(faulty: tuple[Report, list[Planted]]) -> None:
    report, planted = faulty
    expected = {tuple(fault) for fault in planted}
    found = {(each.kind.code, place.file, place.line): place.what for each in report.findings for place in each.places}
    assert {key: what for key, what in found.items() if key[0] in EXACT and key not in expected} == {}
    assert set(Counter(fault.code for fault in planted)) == set(EXACT)
