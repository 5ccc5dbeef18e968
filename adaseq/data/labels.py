"""The labels of a run: counted, or stated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adaseq.data.sources.download import fetch
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.utils.tag_schemes import PARTIAL
from adaseq.utils.urls import is_url

LabelSource = str | Sequence[str] | Mapping[str, Any] | None

# Both count what the readers have made of the data: spans, or one label per word. The value is the one `key` that fits.
COUNTERS = {"count_labels": "label", "count_span_labels": "spans"}


def read_labels(
    source: LabelSource, base_dirs: Sequence[Path] = (Path(),), cache_dir: Path | None = None
) -> list[str] | None:
    """The labels that `dataset.labels` states.

    Args:
        source: a list; or a file, or an address of one, with one per line; or `{type: count_span_labels}`, which is the default, None.
        base_dirs: where a relative path may begin.
        cache_dir: where a file from the web is kept.

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
    labels = _from_file(source, base_dirs, cache_dir) if isinstance(source, str) else [str(label) for label in source]
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


def _from_file(name: str, base_dirs: Sequence[Path], cache_dir: Path | None) -> list[str]:
    if is_url(name):
        path = fetch(name, cache_dir)
    else:
        candidates = [base / Path(name).expanduser() for base in base_dirs]
        found = next((each for each in candidates if each.is_file()), None)
        if found is None:
            raise DataError(
                f"dataset.labels: there is no file '{name}' in {' or '.join(str(base.absolute()) for base in base_dirs)}"
            )
        path = found
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 ({error.reason} at byte {error.start})", path) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from error
    return [line.strip() for line in lines if line.strip()]


def inventory(
    source: LabelSource,
    counts: Mapping[str, Mapping[str, int]],
    base_dirs: Sequence[Path] = (Path(),),
    cache_dir: Path | None = None,
) -> tuple[list[str], list[str]]:
    """The labels of a run, and warnings about those that training does not know.

    Args:
        source: what `dataset.labels` says.
        counts: for each split how often each label occurs.
        base_dirs: where a relative path may begin.
        cache_dir: where a file from the web is kept.

    Raises:
        DataError: training has labels that are not listed, or none at all.
    """
    given = read_labels(source, base_dirs, cache_dir)
    if given is not None:
        labels = given
        unknown = _missing(counts.get("train", {}), labels)
        if unknown:
            raise DataError(
                f"train has labels that dataset.labels does not list: {_with_counts(unknown)}; it lists {', '.join(labels)}. "
                "dataset.label_map can rename or drop labels"
            )
    else:
        learned = [each for name, each in counts.items() if name in ("train", "valid")] or list(counts.values())
        labels = sorted({label for each in learned for label in each})
        if not labels:
            raise DataError("the data has no label at all: is it annotated, and are data_type and its options right?")
    warnings = []
    for name in ("train", "valid"):
        if name in counts and not sum(counts[name].values()):
            warnings.append(f"warning: {name} has no annotated span or word at all")
    for name in ("valid", "test"):
        unknown = _missing(counts.get(name, {}), counts.get("train", labels))
        if unknown:
            warnings.append(
                f"warning: {name} has labels that train has not: {_with_counts(unknown)}; they count as misses"
            )
    return labels, warnings


def _missing(counts: Mapping[str, int], known: Iterable[str]) -> dict[str, int]:
    there = set(known)
    return {label: n for label, n in counts.items() if label not in there}


def _with_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label or '(no type)'} ({n} times)" for label, n in Counter(counts).most_common(20))
