"""The file of predicted types."""

from __future__ import annotations

import json

from adaseq.data.example import Example
from adaseq.metrics.typing_dumper import TypingDumper


def test_each_text_is_a_line(tmp_path):
    dumper = TypingDumper(work_dir=str(tmp_path))
    raw = Example("7", ["中", "国"], [{"start": 0, "end": 2, "type": "", "types": ["国家", "地点"]}], text="中国")
    plain = Example("", ["a"], [])
    found = {"spans": [{"start": 0, "end": 2, "type": "", "types": ["国家"]}]}
    dumper.write([dumper.measure(raw, found), dumper.measure(plain, {"spans": []})])
    lines = (tmp_path / "pred.txt").read_text(encoding="utf-8").splitlines()
    assert "中国" in lines[0]
    assert [json.loads(line) for line in lines] == [
        {
            "id": "7",
            "text": "中国",
            "tokens": ["中", "国"],
            "spans": [{"start": 0, "end": 2, "type": ["国家", "地点"]}],
            "predicts": [[0, 2, ["国家"]]],
        },
        {"tokens": ["a"], "spans": [], "predicts": []},
    ]


def test_the_file_may_lie_elsewhere(tmp_path):
    TypingDumper(str(tmp_path / "here.jsonl"), "nowhere").write([])
    assert (tmp_path / "here.jsonl").read_text(encoding="utf-8") == ""
