"""The data of a run: its splits, its labels, and what was noticed on the way."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.data.labels import LabelSource, read_labels
from adaseq.data.sources.local import SPLITS, find_splits
from adaseq.data.statistics import Statistics
from adaseq.data.store import ExampleStore
from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import Tasks
from adaseq.registry import FORMATS
from adaseq.utils.files import sha256_of
from adaseq.utils.tag_schemes import PLAIN

logger = logging.getLogger(__name__)

# Changes when Examples are read or stored differently, so that older caches are not read.
READER_VERSION = 2

DATASET_KEYS = ("data_file", "data_type", "labels", "valid", "valid_ratio", "task")
"""The keys of the `dataset` section; all others are options of the format."""

SAME_AS_TEST = "same_as_test"

_TASKS_OF_SPANS = (Tasks.NAMED_ENTITY_RECOGNITION, Tasks.CHUNKING, Tasks.WORD_SEGMENTATION)

_NO_VALID = (
    "there is no valid split to choose the best model on. Three ways out: name a file under dataset.data_file.valid, hold out "
    "a share of the training data with dataset.valid_ratio: 0.1, or train without choosing by evaluation: null. (With "
    "dataset.valid: same_as_test the test data is used, as the old AdaSeq did.)"
)


@dataclass
class DatasetManager:
    """The splits of a data set, and its labels.

    Args:
        splits: train, valid, test: those that exist.
        labels: the types, in the order of their ids.
        label_counts: for each split how often each type occurs.
        one_label_per_word: whether the data has one label per word, without boundaries.
        text_splitter: the splitter that cuts raw text into such words as the data has.
        notes: what is worth a line in the log.
    """

    splits: dict[str, ExampleStore]
    labels: list[str]
    label_counts: dict[str, dict[str, int]]
    one_label_per_word: bool = False
    text_splitter: str = "word"
    notes: list[str] = field(default_factory=list)

    @property
    def fingerprints(self) -> dict[str, str]:
        """For each split what stands for its content."""
        return {name: split.fingerprint for name, split in self.splits.items()}

    @classmethod
    def from_config(
        cls,
        dataset: Mapping[str, Any],
        task: str,
        *,
        base_dirs: Sequence[Path] = (Path(),),
        seed: int = 42,
        has_evaluation: bool = True,
        cache_dir: Path | None = None,
    ) -> DatasetManager:
        """Read the `dataset` section of a configuration, and the data.

        Args:
            dataset: the section.
            task: the task; `dataset.task`, if given, must be the same.
            base_dirs: where relative paths may begin.
            seed: decides which examples `valid_ratio` holds out.
            has_evaluation: whether a valid split is needed.
            cache_dir: where the read data is kept.

        Raises:
            DataError: a file is missing or malformed.
            AdaSeqError: the section contradicts itself, or no valid split can be had.
        """
        if dataset.get("task") not in (None, task):
            raise AdaSeqError(f"dataset.task is '{dataset['task']}', but task is '{task}'; leave one of them out")
        if dataset.get("data_file") is None:
            raise AdaSeqError(
                "dataset.data_file is missing: name the files of the splits, or a folder or archive of them"
            )
        options = {key: value for key, value in dataset.items() if key not in DATASET_KEYS}
        block = {"type": dataset.get("data_type") or "conll", **options}
        files = find_splits(dataset["data_file"], base_dirs, cache_dir)
        stores = {name: _read_split(block, files[name], cache_dir) for name in SPLITS if name in files}
        notes = [_describe_split(name, store, files[name]) for name, store in stores.items()]
        one_label_per_word = _has_one_label_per_word(stores, task)
        splits, more = _arrange(stores, dataset, seed, has_evaluation)
        statistics = {name: _statistics(split) for name, split in splits.items()}
        labels, warnings = _labels(dataset.get("labels"), statistics, base_dirs)
        train = statistics.get("train") or next(iter(statistics.values()))
        return cls(
            splits=splits,
            labels=labels,
            label_counts={name: dict(each.labels) for name, each in statistics.items()},
            one_label_per_word=one_label_per_word,
            text_splitter=train.text_splitter,
            notes=[*notes, *more, *warnings],
        )

    def describe(self) -> str:
        """What the log says about the data: sizes, tag schemes, labels, what is odd."""
        lines = ["Data:", *(f"  {note}" for note in self.notes)]
        counts = self.label_counts.get("train", {})
        shown = ", ".join(f"{label or '(no type)'} {counts.get(label, 0)}" for label in self.labels[:50])
        rest = f", and {len(self.labels) - 50} more" if len(self.labels) > 50 else ""
        lines.append(f"  {len(self.labels)} labels, with their counts in train: {shown}{rest}")
        return "\n".join(lines)


def _read_split(block: Mapping[str, Any], files: Sequence[Path], cache_dir: Path | None) -> ExampleStore:
    """Read the files of a split, or find them read."""
    key = json.dumps([READER_VERSION, sorted(block.items(), key=str), [sha256_of(path) for path in files]], default=str)
    reader: Format = FORMATS.build(block)
    statistics = Statistics()
    schemes: list[str | None] = []

    def examples() -> Iterator[Example]:
        for path in files:
            for example in reader.read(path):
                statistics.add(example)
                yield example
            schemes.append(reader.notes().get("scheme"))

    def describe() -> dict[str, Any]:
        return {**reader.notes(), "schemes": list(dict.fromkeys(schemes)), "statistics": statistics.to_dict()}

    return ExampleStore.build(hashlib.sha256(key.encode()).hexdigest(), examples, cache_dir, describe)


def _describe_split(name: str, store: ExampleStore, files: Sequence[Path]) -> str:
    statistics = Statistics.from_dict(store.metadata["statistics"])
    schemes = [scheme for scheme in store.metadata["schemes"] if scheme]
    read_as = f", tags read as {' and '.join(schemes)}" if schemes else ""
    names = ", ".join(str(path) for path in files)
    warnings = "".join(f"; {warning}" for warning in store.metadata.get("warnings", ()))
    return f"{name}: {len(store)} examples, {statistics.words} words{read_as}, from {names}{warnings}"


def _has_one_label_per_word(stores: Mapping[str, ExampleStore], task: str) -> bool:
    """Whether each word has a label of its own; all of the data must agree about that, and the task with the data."""
    readings = {
        name: {scheme == PLAIN for scheme in store.metadata["schemes"]}
        for name, store in stores.items()
        if store.metadata["statistics"]["labels"]
    }
    plain = [name for name, reading in readings.items() if True in reading]
    if any(False in reading for reading in readings.values()) and plain:
        raise AdaSeqError(
            f"the tags in {' and '.join(plain)} have no prefix such as B- or I-, others have one; if they are written alike, "
            "say how with dataset.source_scheme"
        )
    if task in _TASKS_OF_SPANS and any(stores[name].metadata.get("detected") for name in plain):
        tags = list(stores[plain[0]].metadata["statistics"]["labels"])[:8]
        raise AdaSeqError(
            f"the tags in {plain[0]} have no prefix such as B- or I-: {', '.join(tags)}. If that is right, say how to read "
            f"them for {task}: dataset.source_scheme: IO makes a span of neighbours with the same tag, PLAIN one of each word"
        )
    return bool(plain)


def _arrange(
    stores: Mapping[str, ExampleStore], dataset: Mapping[str, Any], seed: int, has_evaluation: bool
) -> tuple[dict[str, ExampleStore], list[str]]:
    """The splits as they are used, and what to say about it."""
    splits, notes = dict(stores), []
    ratio, stand_in = dataset.get("valid_ratio"), dataset.get("valid")
    if "valid" in splits and (ratio is not None or stand_in is not None):
        key = "valid_ratio" if ratio is not None else "valid"
        raise AdaSeqError(
            f"dataset.{key} says how to do without a valid file, but dataset.data_file has one: leave one out"
        )
    if ratio is not None:
        if stand_in is not None:
            raise AdaSeqError("dataset.valid_ratio and dataset.valid exclude each other: leave one out")
        if "train" not in splits:
            raise AdaSeqError("dataset.valid_ratio holds out a share of the training data, but there is none")
        splits["train"], splits["valid"] = _hold_out(splits["train"], ratio, seed)
        notes.append(
            f"valid: {len(splits['valid'])} examples held out of train by valid_ratio, {len(splits['train'])} left"
        )
    elif stand_in == SAME_AS_TEST:
        if "test" not in splits:
            raise AdaSeqError("dataset.valid is same_as_test, but there is no test split")
        splits["valid"] = splits["test"]
        notes.append("valid: the same as test (dataset.valid)")
    elif "valid" not in splits and has_evaluation and "train" in splits:
        if "test" not in splits:
            raise AdaSeqError(_NO_VALID)
        splits["valid"] = splits["test"]
        logger.warning(
            "There is no valid split: the best model is chosen on the test data, as the old AdaSeq did, so the test score "
            "says too much. Better: dataset.valid_ratio: 0.1. To silence this: dataset.valid: same_as_test."
        )
    return splits, notes


def _hold_out(train: ExampleStore, ratio: float, seed: int) -> tuple[ExampleStore, ExampleStore]:
    order = np.random.default_rng(seed).permutation(len(train))
    count = round(len(train) * ratio)
    if not 0 < count < len(train):
        raise AdaSeqError(f"dataset.valid_ratio is {ratio}: of {len(train)} examples that leaves {count} for valid")
    return train.select(np.sort(order[count:])), train.select(np.sort(order[:count]))


def _statistics(split: ExampleStore) -> Statistics:
    """Those noted while reading; where only some of the examples are used, they are counted again."""
    if not split.is_selection:
        return Statistics.from_dict(split.metadata["statistics"])
    counted = Statistics()
    for example in split:
        counted.add(example)
    return counted


def _labels(
    source: LabelSource, statistics: Mapping[str, Statistics], base_dirs: Sequence[Path]
) -> tuple[list[str], list[str]]:
    """The label types, and warnings about those that training does not know."""
    given = read_labels(source, base_dirs)
    seen = {name: each.labels for name, each in statistics.items()}
    if given is not None:
        labels = given
        unknown = _missing(seen.get("train", {}), labels)
        if unknown:
            raise DataError(
                f"train has labels that dataset.labels does not list: {_with_counts(unknown)}; it lists {', '.join(labels)}"
            )
    else:
        learned = [each for name, each in seen.items() if name in ("train", "valid")] or list(seen.values())
        labels = sorted({label for counts in learned for label in counts})
        if not labels:
            raise DataError("the data has no label at all: is it annotated, and are data_type and its options right?")
    warnings = []
    for name in ("train", "valid"):
        if name in seen and not sum(seen[name].values()):
            warnings.append(f"warning: {name} has no annotated span or word at all")
    for name in ("valid", "test"):
        unknown = _missing(seen.get(name, {}), seen.get("train", labels))
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
