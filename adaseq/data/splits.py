"""Which examples are train, valid and test: as the source has them, or held out of the training data."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from adaseq.data.example import labels_of
from adaseq.data.store.examples import ExampleStore
from adaseq.errors import AdaSeqError

logger = logging.getLogger(__name__)

S = TypeVar("S")

SPLIT_KEYS = ("valid", "valid_ratio", "test_ratio", "stratified")
"""The keys of the `dataset` section that are read here."""

SAME_AS_TEST = "same_as_test"

_NO_VALID = (
    "there is no valid split to choose the best model on. Three ways out: name a file under dataset.data_file.valid, hold out "
    "a share of the training data with dataset.valid_ratio: 0.1, or train without choosing by evaluation: null. (With "
    "dataset.valid: same_as_test the test data is used, as the old AdaSeq did.)"
)


def arrange_splits(
    stores: Mapping[str, ExampleStore], dataset: Mapping[str, Any], seed: int, has_evaluation: bool
) -> tuple[dict[str, ExampleStore], list[str]]:
    """The splits as they are used, and what to say about it.

    Args:
        stores: the splits that the source has.
        dataset: the section; says what to do about those that it has not.
        seed: decides which examples are held out.
        has_evaluation: whether a valid split is needed.

    Raises:
        AdaSeqError: the section contradicts itself or the data, or no valid split can be had.
    """
    splits, notes = derive_splits(stores, dataset, seed)
    return (with_valid(splits) if has_evaluation else splits), notes


def derive_splits(
    stores: Mapping[str, ExampleStore], dataset: Mapping[str, Any], seed: int
) -> tuple[dict[str, ExampleStore], list[str]]:
    """The splits of the source, and those that the section makes of them; see `arrange_splits`."""
    _check(stores, dataset)
    splits, notes = dict(stores), []
    ratios = {name: dataset[f"{name}_ratio"] for name in ("valid", "test") if dataset.get(f"{name}_ratio") is not None}
    if ratios:
        parts = _hold_out(splits["train"], ratios, seed, bool(dataset.get("stratified")))
        splits.update(parts)
        how = ", stratified by label" if dataset.get("stratified") else ""
        notes += [
            f"{name}: {len(parts[name])} examples held out of train by {name}_ratio{how}, {len(parts['train'])} left"
            for name in ratios
        ]
    if dataset.get("valid") == SAME_AS_TEST:
        if "test" not in splits:
            raise AdaSeqError("dataset.valid is same_as_test, but there is no test split")
        splits["valid"] = splits["test"]
        notes.append("valid: the same as test (dataset.valid)")
    return splits, notes


def with_valid(splits: dict[str, S]) -> dict[str, S]:
    """The splits with one to choose the best model on; where there is none that is test, with a warning.

    Args:
        splits: the splits.

    Raises:
        AdaSeqError: there is neither.
    """
    if "valid" in splits or "train" not in splits:
        return splits
    if "test" not in splits:
        raise AdaSeqError(_NO_VALID)
    logger.warning(
        "There is no valid split: the best model is chosen on the test data, as the old AdaSeq did, so the test score "
        "says too much. Better: dataset.valid_ratio: 0.1. To silence this: dataset.valid: same_as_test."
    )
    return {**splits, "valid": splits["test"]}


def _check(stores: Mapping[str, ExampleStore], dataset: Mapping[str, Any]) -> None:
    """Whether what the section says about missing splits fits together, and is about splits that are missing."""
    given = [key for key in ("valid_ratio", "valid", "test_ratio") if dataset.get(key) is not None]
    for key in given:
        split = key.partition("_")[0]
        if split in stores:
            raise AdaSeqError(
                f"dataset.{key} says how to do without a {split} file, but dataset.data_file has one: leave one out"
            )
    if "valid_ratio" in given and "valid" in given:
        raise AdaSeqError("dataset.valid_ratio and dataset.valid exclude each other: leave one out")
    ratios = [key for key in given if key.endswith("_ratio")]
    if ratios and "train" not in stores:
        raise AdaSeqError(f"dataset.{ratios[0]} holds out a share of the training data, but there is none")
    if dataset.get("stratified") and not ratios:
        raise AdaSeqError("dataset.stratified is about valid_ratio and test_ratio, and neither is given")


def _hold_out(
    train: ExampleStore, ratios: Mapping[str, float], seed: int, is_stratified: bool
) -> dict[str, ExampleStore]:
    """Parts of the training data by name, each in its order; what is left is `train`."""
    counts = {name: round(len(train) * ratio) for name, ratio in ratios.items()}
    for name, count in counts.items():
        if not 0 < count < len(train):
            raise AdaSeqError(
                f"dataset.{name}_ratio is {ratios[name]}: of {len(train)} examples that leaves {count} for {name}"
            )
    rest = len(train) - sum(counts.values())
    if rest <= 0:
        given = " and ".join(f"{name}_ratio" for name in counts)
        raise AdaSeqError(f"dataset.{given} hold out all {len(train)} examples and leave none for train")
    order = np.random.default_rng(seed).permutation(len(train))
    sizes = [*counts.values(), rest]
    if is_stratified:
        parts = stratify((labels_of(train[int(row)]) for row in order), sizes)
    else:
        ends = np.cumsum(sizes)
        parts = [list(range(end - size, end)) for end, size in zip(ends, sizes, strict=True)]
    chosen = [train.select(np.sort(order[np.asarray(part, np.int64)])) for part in parts]
    return dict(zip([*counts, "train"], chosen, strict=True))


def stratify(labels: Iterable[Iterable[str]], sizes: Sequence[int]) -> list[list[int]]:
    """Part rows so that each label is spread over the parts as the rows are: iterative stratification (Sechidis et al. 2011).

    The rarest labels are dealt out first, each row to the part that lacks most of the label. Rows without a label make a
    group of their own.

    Args:
        labels: those of each row.
        sizes: how many rows each part gets; together all of them.

    Returns:
        The rows of each part.
    """
    labels_of_row = [tuple(sorted(set(each))) or ("",) for each in labels]
    rows_of_label: dict[str, list[int]] = {}
    for row, several in enumerate(labels_of_row):
        for label in several:
            rows_of_label.setdefault(label, []).append(row)
    total = max(len(labels_of_row), 1)
    lacking = [{label: len(rows) * size / total for label, rows in rows_of_label.items()} for size in sizes]
    parts: list[list[int]] = [[] for _ in sizes]
    is_placed = np.zeros(len(labels_of_row), bool)
    for label in sorted(rows_of_label, key=lambda each: (len(rows_of_label[each]), each)):
        for row in rows_of_label[label]:
            if is_placed[row]:
                continue
            is_placed[row] = True
            open_parts = [part for part, size in enumerate(sizes) if len(parts[part]) < size]
            part = max(open_parts, key=lambda each: (lacking[each][label], sizes[each] - len(parts[each])))
            parts[part].append(row)
            for other in labels_of_row[row]:
                lacking[part][other] -= 1
    return parts
