"""The scores of the runs of an experiment, as a table."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from adaseq.config.document import walk
from adaseq.errors import AdaSeqError
from adaseq.utils.files import atomic_write

Row = dict[str, Any]

SEED, PLACE = "experiment.seed", "output_dir"
_SCORES = ("dev_f1", "test_precision", "test_recall", "test_f1", "test_accuracy")


def collect(folder: Path) -> list[Row]:
    """One row for each run that has scores: the best on dev, those on test, the hyper-parameters, and where it lies.

    Args:
        folder: the folder of the experiment.

    Raises:
        AdaSeqError: there is no such run.
    """
    rows = [row for path in sorted(folder.glob("*/metrics.json")) if (row := _read_run(path.parent))]
    if not rows:
        raise AdaSeqError(f"there is no run with scores in {folder}")
    return rows


def without_constants(rows: Sequence[Row]) -> list[Row]:
    """Only the columns that differ somewhere, the scores, and the place."""
    names = dict.fromkeys(name for row in rows for name in row)
    kept = [
        name
        for name in names
        if name in (*_SCORES, PLACE, SEED) or len({json.dumps(row.get(name), default=str) for row in rows}) > 1
    ]
    return [{name: row.get(name) for name in kept} for row in rows]


def mean_over_seeds(rows: Sequence[Row]) -> list[Row]:
    """One row for each choice of hyper-parameters: the mean and the standard deviation of each score, and how many runs."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        key = {name: value for name, value in row.items() if name not in (SEED, PLACE, *_SCORES)}
        groups.setdefault(json.dumps(key, default=str, sort_keys=True), []).append(row)
    result = []
    for group in groups.values():
        mean: Row = {"runs": len(group)}
        for score in _SCORES:
            values = [row[score] for row in group if row.get(score) is not None]
            if values:
                mean[f"{score}_mean"] = round(statistics.mean(values), 5)
                mean[f"{score}_std"] = round(statistics.stdev(values), 5) if len(values) > 1 else None
        result.append({**mean, **{k: v for k, v in group[0].items() if k not in (SEED, PLACE, *_SCORES)}})
    return sorted(result, key=lambda row: row.get("dev_f1_mean") or row.get("test_f1_mean") or 0.0, reverse=True)


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write a table; cells that are no single value are written as JSON."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with atomic_write(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            writer.writerow([_cell(row.get(name)) for name in names])


def _read_run(folder: Path) -> Row | None:
    try:
        lines = [json.loads(line) for line in (folder / "metrics.json").read_text(encoding="utf-8").splitlines()]
        config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):  # a run that has only just begun
        return None
    scores: Row = {}
    dev = [line["evaluation/f1"] for line in lines if line.get("evaluation/f1") is not None]
    if dev:
        scores["dev_f1"] = max(dev)
    tests = [line for line in lines if line.get("mode") == "test"]
    if tests:
        scores.update({f"test_{name}": tests[-1].get(name) for name in ("precision", "recall", "f1", "accuracy")})
    return {**scores, **_flat(config), PLACE: str(folder)} if scores else None


def _flat(config: Mapping[str, Any]) -> Row:
    """The values at the ends of a configuration, by their dotted paths, without the names of the run."""
    flat = {".".join(map(str, place)): value for place, value in walk(config) if not isinstance(value, (dict, list))}
    return {name: value for name, value in flat.items() if name not in ("experiment.run_name", "work_dir")}


def _cell(value: Any) -> Any:
    return value if isinstance(value, (str, int, float)) or value is None else json.dumps(value, ensure_ascii=False)
