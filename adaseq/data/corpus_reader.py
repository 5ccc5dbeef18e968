"""One corpus read: each of its splits, with its labels mapped, from the cache where it was read before."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adaseq.config.task_formats import format_of
from adaseq.data.candidates import read_candidates, with_candidates
from adaseq.data.corpora import CORPUS_KEYS
from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.data.label_map import LabelMap
from adaseq.data.sampling import SAMPLE_KEYS
from adaseq.data.sources.local import SPLITS, Named, locate
from adaseq.data.sources.reading import contents, read_files
from adaseq.data.sources.source import SOURCE_KEYS, find_source
from adaseq.data.splits import SPLIT_KEYS
from adaseq.data.statistics import Statistics
from adaseq.data.store.examples import ExampleStore
from adaseq.registry import FORMATS
from adaseq.utils.checksums import digest_of
from adaseq.utils.tag_schemes import PLAIN

CANDIDATES = "cand"
"""The key of `data_file` that names the candidates of mentions."""

DATASET_KEYS = (*SOURCE_KEYS, *SPLIT_KEYS, *CORPUS_KEYS, *SAMPLE_KEYS, "labels", "label_map", "task")
"""The keys of the `dataset` section; all others are options of the format."""


class ReadCorpus(NamedTuple):
    """A corpus as its source has it.

    Attributes:
        splits: its splits.
        notes: what is worth a line in the log.
    """

    splits: dict[str, ExampleStore]
    notes: list[str]


def read_corpus(
    dataset: Mapping[str, Any], task: str, base_dirs: Sequence[Path] = (Path(),), cache_dir: Path | None = None
) -> ReadCorpus:
    """Read the data that a `dataset` section names, or find it read.

    Args:
        dataset: the section of one corpus.
        task: what the data is annotated for.
        base_dirs: where relative paths may begin.
        cache_dir: where the read data is kept.

    Raises:
        DataError: a file is missing or malformed.
        AdaSeqError: the section contradicts itself.
    """
    dataset = {**dataset, **format_of(task, dataset)}
    candidates, dataset = _candidates(dataset, base_dirs, cache_dir)
    options = {key: value for key, value in dataset.items() if key not in DATASET_KEYS}
    block, files = find_source(dataset, options, base_dirs, cache_dir)
    entries = dataset.get("label_map") or {}
    splits = {
        name: _read_split(block, name, files[name], cache_dir, entries, candidates) for name in SPLITS if name in files
    }
    notes = [_describe_split(name, store, files[name]) for name, store in splits.items()]
    return ReadCorpus(splits, [*notes, *_unused_keys(entries, splits)])


def _candidates(
    dataset: Mapping[str, Any], base_dirs: Sequence[Path], cache_dir: Path | None
) -> tuple[Path | None, Mapping[str, Any]]:
    """The file of candidates, and the section without it."""
    files = dataset.get("data_file")
    if not isinstance(files, Mapping) or files.get(CANDIDATES) is None:
        return None, dataset
    named = Named(f"dataset.data_file.{CANDIDATES}", str(files[CANDIDATES]))
    rest = {split: each for split, each in files.items() if split != CANDIDATES}
    return locate([named], base_dirs, cache_dir)[0], {**dataset, "data_file": rest}


def _read_split(
    block: Mapping[str, Any],
    name: str,
    files: Sequence[Path],
    cache_dir: Path | None,
    entries: Mapping[str, str | None],
    candidates: Path | None,
) -> ExampleStore:
    """Read the files of a split, or find them read."""
    reader: Format = FORMATS.build(block)
    more = [list(entries.items()), digest_of(candidates)] if candidates else [list(entries.items())]
    statistics = Statistics()
    counted = sorted(vars(statistics))
    key = json.dumps([sorted(block.items(), key=str), contents(reader, name, files), more, counted], default=str)
    label_map = LabelMap(entries)
    schemes: list[str | None] = []

    def read() -> Iterator[Example]:
        for part in read_files(reader, name, files):
            yield from part
            schemes.append(reader.notes().get("scheme"))

    def examples() -> Iterator[Example]:
        made = read()
        if candidates is not None:
            made = with_candidates(made, read_candidates(candidates), name, candidates)
        if entries:
            made = label_map.apply(made, lambda: reader.notes().get("scheme") == PLAIN)
        for example in made:
            statistics.add(example)
            yield example

    def describe() -> dict[str, Any]:
        notes = {**reader.notes(), **(label_map.notes() if entries else {})}
        return {**notes, "schemes": list(dict.fromkeys(schemes)), "statistics": statistics.to_dict()}

    return ExampleStore.build(hashlib.sha256(key.encode()).hexdigest(), examples, cache_dir, describe, files)


def _describe_split(name: str, store: ExampleStore, files: Sequence[Path]) -> str:
    statistics = Statistics.from_dict(store.metadata["statistics"])
    schemes = [scheme for scheme in store.metadata["schemes"] if scheme]
    read_as = f", tags read as {' and '.join(schemes)}" if schemes else ""
    names = ", ".join(str(path) for path in files) or "the reader"
    warnings = "".join(f"; {warning}" for warning in store.metadata.get("warnings", ()))
    left_out = store.metadata.get("left_out")
    if left_out:
        warnings += f"; {left_out} examples were left out, since dataset.label_map drops their labels"
    return f"{name}: {len(store)} examples, {statistics.words} words{read_as}, from {names}{warnings}"


def _unused_keys(entries: Mapping[str, Any], splits: Mapping[str, ExampleStore]) -> list[str]:
    """A warning about the keys of the label map that match no label at all."""
    hits: Counter[str] = Counter()
    for store in splits.values():
        hits.update(store.metadata["label_map"] if entries else {})
    unused = [key for key in entries if not hits[key]]
    if not unused:
        return []
    return [f"warning: dataset.label_map has keys that match no label of the data: {', '.join(unused)}"]
