"""What a user reads when a run is over, or when it does not go on as it began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adaseq.config import ConfigError, load_config
from adaseq.training.run_folder import METRICS, PREDICTIONS


def summary(folder: Path, model: Path, values: Mapping[str, Any]) -> str:
    """Where the results of a run lie, and what they are.

    Args:
        folder: the run folder.
        model: the folder of its best model.
        values: `best_epoch`, `best`, `test`, as far as they exist.
    """
    lines = [
        f"Done. Everything is in {folder}",
        f"  model to use      {model}",
        f"  scores over time  {folder / METRICS}",
    ]
    if (folder / PREDICTIONS).is_file():
        lines.append(f"  test predictions  {folder / PREDICTIONS}")
    if "best" in values:
        lines += ["", f"Best epoch: {values['best_epoch']}", score_table({"valid": values["best"], **_test(values)})]
    elif "test" in values:
        lines += ["", score_table(_test(values))]
    return "\n".join(lines)


def score_table(splits: Mapping[str, Mapping[str, Any]]) -> str:
    """Scores as a table: a column for each split."""
    names = [name for name, value in next(iter(splits.values())).items() if isinstance(value, (int, float))]
    rows = [["", *splits], *([name, *(_number(scores.get(name)) for scores in splits.values())] for name in names)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )


def changed_keys(path: Path, now: Mapping[str, Any]) -> list[str]:
    """The dotted keys in which a saved configuration differs from one of today."""
    try:
        before = load_config(path, check_components=False, check_files=False).to_dict()
    except ConfigError:
        return [f"all of {path.name}, which is not valid any more"]
    old, new = dict(_flat(before)), dict(_flat(now))
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def _test(values: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {"test": values["test"]} if "test" in values else {}


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "-" if value is None else str(value)


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, value
