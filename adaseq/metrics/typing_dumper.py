"""The predicted types of the mentions of a test, in a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from adaseq.metainfo import Metrics
from adaseq.metrics.base import Dumper
from adaseq.metrics.entity_typing import given_types
from adaseq.registry import METRICS
from adaseq.utils.files import atomic_write


@METRICS.register(Metrics.TYPING_DUMPER, supplied=("work_dir",))
class TypingDumper(Dumper):
    """Writes one JSON object for each text: `tokens`, `spans` and `predicts`.

    `spans` are the mentions as they are annotated, `{"start", "end", "type": [...]}` in words; `predicts` are the same mentions in
    the same order, `[start, end, [types]]`, the most probable type first. The text itself is there where it was raw.

    Args:
        save_path: the file; by default `pred.txt` in the folder of the run.
        work_dir: the folder of the run.
    """

    reads = frozenset({"types"})

    def __init__(self, save_path: str | None = None, work_dir: str = ".") -> None:
        self.save_path = Path(save_path) if save_path else Path(work_dir) / "pred.txt"

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> dict[str, Any]:
        """The record as it will be written."""
        record: dict[str, Any] = {"id": example.id} if example.id else {}
        if example.text is not None:
            record["text"] = example.text
        record["tokens"] = example.tokens
        record["spans"] = [
            {"start": span["start"], "end": span["end"], "type": given_types(span)} for span in example.spans
        ]
        record["predicts"] = [[span["start"], span["end"], span["types"]] for span in prediction["spans"]]
        return record

    def write(self, results: Iterable[dict[str, Any]]) -> None:
        """Write the file, whole or not at all."""
        with atomic_write(self.save_path) as file:
            for record in results:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
