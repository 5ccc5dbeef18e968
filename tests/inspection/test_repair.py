"""Repaired copies: what is mended, what stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adaseq.errors import AdaSeqError
from adaseq.inspection.inspector import Report
from adaseq.inspection.repair import write_repaired

Inspect = Callable[..., Report]


def repaired(report: Report, folder: Path, name: str) -> bytes:
    write_repaired(report, folder)
    return (folder / name).read_bytes()


def test_columns(inspect: Inspect, tmp_path: Path) -> None:
    text = (
        b"\xef\xbb\xbfAnna\tx\tB-PER\r\nca\xcc\x81fe\tx\tO\r\nRo\xe2\x80\x8bm\tx\tI-LOC\n\n"
        b"caf\xc3\x83\xc2\xa9\tx\tO\nBo\tx\tb-PER\n\n" + b"x\ty\tO\n\n" * 3
    )
    report = inspect(train=text)
    assert repaired(report, tmp_path / "new", "train.txt").decode() == (
        "Anna\tx\tB-PER\ncáfe\tx\tO\nRom\tx\tB-LOC\n\ncafé\tx\tO\nBo\tx\tb-PER\n\n" + "x\ty\tO\n\n" * 3
    )
    assert Path(tmp_path / "train.txt").read_bytes() == text
    assert all(place.is_fixed for place in report.findings.get("illegal-transition").places)  # type: ignore[union-attr]
    assert not any(place.is_fixed for place in report.findings.get("bad-tag").places)  # type: ignore[union-attr]


def test_white_space_between_columns_stays(inspect: Inspect, tmp_path: Path) -> None:
    report = inspect(train="Bo  b B-PER\nRom   IN  I-LOC \na\tb O\n\nin  x O\n\n")
    assert (
        repaired(report, tmp_path / "new", "train.txt").decode().startswith("Bo  b B-PER\nRom   IN  B-LOC \na\tb O\n")
    )


def test_bytes_that_are_no_text_stay(inspect: Inspect, tmp_path: Path) -> None:
    text = b"caf\xe9 B-PER\nRom I-LOC\n\n"
    assert repaired(inspect(train=text), tmp_path / "new", "train.txt") == b"caf\xe9 B-PER\nRom B-LOC\n\n"


def test_tags_of_json_and_text_that_stays(inspect: Inspect, tmp_path: Path) -> None:
    record = {"id": 7, "text": ["fo\u200bo", "Rom"], "labels": ["B-PER", "I-LOC"]}
    report = inspect("json_tags", train=json.dumps(record) + "\n")
    assert json.loads(repaired(report, tmp_path / "new", "train.txt")) == {**record, "labels": ["B-PER", "B-LOC"]}


def test_nested_levels(inspect: Inspect, tmp_path: Path) -> None:
    text = "the\tB-ORG\tO\nRome\tI-ORG\tI-LOC\nfund\tI-ORG\tO\n\n"
    new = repaired(inspect("nested_conll", train=text), tmp_path / "new", "train.txt").decode()
    assert new == text.replace("I-LOC", "B-LOC")


def test_files_of_the_same_name_do_not_meet(inspect: Inspect, tmp_path: Path) -> None:
    report = inspect("json_spans", train='{"text": "ab", "spans": []}\n', test='{"text": "cd", "spans": []}\n')
    copies = write_repaired(report, tmp_path / "new")
    assert [copy.target.name for copy in copies] == ["train.txt", "test.txt"]
    assert all(copy.target.read_bytes() == copy.source.read_bytes() and not copy.changes for copy in copies)


def test_nothing_is_overwritten(inspect: Inspect, tmp_path: Path) -> None:
    report = inspect(train="Rom I-LOC\n\nx O\n\n")
    with pytest.raises(AdaSeqError, match="exists, and --fix overwrites nothing; name another folder"):
        write_repaired(report, tmp_path)
    assert (tmp_path / "train.txt").read_text(encoding="utf-8").startswith("Rom I-LOC")


def test_a_repaired_copy_has_nothing_to_mend(inspect: Inspect, tmp_path: Path) -> None:
    text = "Rom I-LOC\ncafe\u0301 O\nx\u200by O\n\nBo B-PER\nLee I-LOC\n\n"
    new = repaired(inspect(train=text), tmp_path / "new", "train.txt")
    codes = {each.kind.code for each in inspect(train=new).findings}
    assert codes <= {"rare-label"}
