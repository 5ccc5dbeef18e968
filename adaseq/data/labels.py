"""Where the label types come from, when not from the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.utils.tag_schemes import PARTIAL

LabelSource = str | Sequence[str] | Mapping[str, Any] | None

# Both count what the readers have made of the data: spans, or one label per word. The value is the one `key` that fits.
COUNTERS = {"count_labels": "label", "count_span_labels": "spans"}


def read_labels(source: LabelSource, base_dirs: Sequence[Path] = (Path(),)) -> list[str] | None:
    """The labels that `dataset.labels` states.

    Args:
        source: a list; or a file with one per line; or `{type: count_span_labels}`, which is the default, None.
        base_dirs: where a relative path may begin.

    Returns:
        The labels in their order; None if they are to be counted.

    Raises:
        DataError: the file is missing, not UTF-8, or has no labels.
        AdaSeqError: a label stands twice, is a tag, or the way of counting is unknown.
    """
    if source is None:
        return None
    if isinstance(source, Mapping):
        _check_counter(source)
        return None
    labels = _from_file(source, base_dirs) if isinstance(source, str) else [str(label) for label in source]
    if not labels:
        raise AdaSeqError("dataset.labels is empty; leave it out to count the labels of the data")
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise AdaSeqError(f"dataset.labels lists a label twice: {', '.join(twice)}")
    if PARTIAL in labels:
        raise AdaSeqError(f"dataset.labels lists {PARTIAL}, which marks words that are not annotated and is no label")
    tags = [label for label in labels if label[:2] in ("B-", "I-", "E-", "S-", "M-")]
    if tags and "O" in labels:
        raise AdaSeqError(
            f"dataset.labels lists tags ({', '.join(tags[:3])}, O); it wants types, without prefixes and without O: "
            f"{', '.join(sorted({label[2:] for label in tags}))}"
        )
    return labels


def _check_counter(source: Mapping[str, Any]) -> None:
    counter = source.get("type", "count_span_labels")
    if counter not in COUNTERS:
        raise AdaSeqError(f"dataset.labels.type is '{counter}'; it must be one of {', '.join(COUNTERS)}")
    for name in source:
        if name not in ("type", "key"):
            raise AdaSeqError(f"dataset.labels has no '{name}'{nearest(name, ('type', 'key')) or ';'} known: type, key")
    if source.get("key", COUNTERS[counter]) != COUNTERS[counter]:
        raise AdaSeqError(
            f"dataset.labels.key is '{source['key']}'; with {counter} it can only be '{COUNTERS[counter]}', where the readers "
            "put the labels"
        )


def _from_file(name: str, base_dirs: Sequence[Path]) -> list[str]:
    candidates = [base / Path(name).expanduser() for base in base_dirs]
    path = next((each for each in candidates if each.is_file()), None)
    if path is None:
        raise DataError(
            f"dataset.labels: there is no file '{name}' in {' or '.join(str(base.absolute()) for base in base_dirs)}"
        )
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 ({error.reason} at byte {error.start})", path) from None
    return [line.strip() for line in lines if line.strip()]
