"""The file of predicted labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adaseq.data.example import Example
from adaseq.metrics.label_dumper import LabelDumper


def dump(folder: Path, *pairs: tuple[Example, dict[str, Any]]) -> list[dict[str, Any]]:
    dumper = LabelDumper(work_dir=str(folder))
    results = [dumper.measure(example, prediction) for example, prediction in pairs]
    assert dumper.compute(results) == {}
    dumper.write(results)
    return [json.loads(line) for line in (folder / "pred.txt").read_text(encoding="utf-8").splitlines()]


def test_texts(tmp_path: Path) -> None:
    single = Example("7", ["好", "吃"], text="好吃", fields={"label": "good", "other": 1})
    pair = Example("", ["a"], fields={"label": "same", "pair": ["b"], "pair_text": "b"})
    several = Example("9", ["c"], fields={"label": ["x", "y"]})
    found = dump(tmp_path, (single, {"labels": ["bad"]}), (pair, {"labels": ["same"]}), (several, {"labels": ["x"]}))
    assert found == [
        {"id": "7", "text": "好吃", "tokens": ["好", "吃"], "label": "good", "predict": "bad"},
        {"tokens": ["a"], "pair": ["b"], "pair_text": "b", "label": "same", "predict": "same"},
        {"id": "9", "tokens": ["c"], "label": ["x", "y"], "predict": ["x"]},
    ]


def test_relations(tmp_path: Path) -> None:
    example = Example("1", ["a", "b"], fields={"subject": [0, 1], "object": [1, 2], "label": "A"})
    (found,) = dump(tmp_path, (example, {"label": "None"}))
    assert found == {
        "id": "1", "tokens": ["a", "b"], "subject": [0, 1], "object": [1, 2], "label": "A", "predict": "None"
    }  # fmt: skip


def test_the_file_can_be_chosen(tmp_path: Path) -> None:
    dumper = LabelDumper(save_path=str(tmp_path / "deep" / "out.jsonl"))
    dumper.write([])
    assert (tmp_path / "deep" / "out.jsonl").read_bytes() == b""
