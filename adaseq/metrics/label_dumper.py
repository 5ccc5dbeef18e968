"""The predicted labels of a test, in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.metainfo import Metrics
from adaseq.metrics.base import FileDumper
from adaseq.registry import METRICS

# What else of an example tells what was judged.
_SHOWN = ("pair", "pair_text", "subject", "object")


@METRICS.register(Metrics.LABEL_DUMPER, supplied=("work_dir",))
class LabelDumper(FileDumper):
    """Writes one JSON object for each text: `tokens` and what else was given, `label` and `predict`.

    `label` is what was annotated and `predict` what was predicted: a string, or a list where a text may have several labels. A
    relation has its `subject` and `object`, as ranges of words; the second text of a pair is `pair`. The text itself is there
    where it was raw.
    """

    reads = frozenset({"label", "labels"})

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> dict[str, Any]:
        """The record as it will be written."""
        record: dict[str, Any] = {"id": example.id} if example.id else {}
        if example.text is not None:
            record["text"] = example.text
        record["tokens"] = example.tokens
        record.update({key: example.fields[key] for key in _SHOWN if example.fields.get(key) is not None})
        label = example.fields.get("label")
        if "label" in prediction:
            predicted: Any = prediction["label"]
        else:
            labels = prediction["labels"]
            predicted = labels[0] if len(labels) == 1 and not isinstance(label, list) else labels
        return {**record, "label": label, "predict": predicted}
