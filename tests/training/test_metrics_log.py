"""JSON lines."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from adaseq.errors import AdaSeqError
from adaseq.training import metrics_log
from adaseq.training.metrics_log import MetricsLog


def test_numbers_are_rounded_except_those_that_are_not(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.json")
    log.append({"lr": 0.123456789, "loss": 0.123456789, "PER": {"f1": 0.987654321}, "n": 7, "bad": float("nan")})
    log.append({"lr": float("inf")})
    assert (tmp_path / "metrics.json").read_text() == (
        '{"lr": 0.123456789, "loss": 0.12346, "PER": {"f1": 0.98765}, "n": 7, "bad": null}\n{"lr": null}\n'
    )


def test_it_can_be_cut_back(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.json")
    assert log.position() == 0
    log.cut(0)
    log.append({"step": "北京"})
    position = log.position()
    log.append({"step": 2})
    log.cut(position)
    log.append({"step": 3})
    lines = (tmp_path / "metrics.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == ["北京", 3]


def half_written(path: Path, *_: Any, **__: Any) -> Any:
    """A file on a disk that fills up in the midst of a line."""
    path.write_text(path.read_text() + '{"st')
    raise OSError(errno.ENOSPC, "No space left on device")


def test_no_half_of_a_line_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MetricsLog(tmp_path / "metrics.json")
    log.append({"step": 1})
    with monkeypatch.context() as patch:
        patch.setattr(metrics_log, "open", half_written, raising=False)
        with pytest.raises(AdaSeqError, match="no space left"):
            log.append({"step": 2})
    assert (tmp_path / "metrics.json").read_text() == '{"step": 1}\n'


def test_a_full_disk_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(AdaSeqError, match="metrics.json: there is no space left on the disk"):
        MetricsLog(tmp_path / "metrics.json").append({})
