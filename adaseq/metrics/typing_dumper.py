"""The predicted types of the mentions of a test, in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.metainfo import Metrics
from adaseq.metrics.base import FileDumper
from adaseq.metrics.entity_typing import given_types
from adaseq.registry import METRICS


@METRICS.register(Metrics.TYPING_DUMPER, supplied=("work_dir",))
class TypingDumper(FileDumper):
    """Writes one JSON object for each text: `tokens`, `spans` and `predicts`.

    `spans` are the mentions as they are annotated, `{"start", "end", "type": [...]}` in words; `predicts` are the same mentions in
    the same order, `[start, end, [types]]`, the most probable type first. The text itself is there where it was raw.
    """

    reads = frozenset({"types"})

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
