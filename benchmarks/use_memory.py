"""The peak memory of `adaseq predict` over files of several sizes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def measure_memory(model: Path, texts: Sequence[str], sizes: Sequence[int], folder: Path) -> list[dict[str, Any]]:
    """A row for each size: the peak, and how many times that of the smallest it is.

    Args:
        model: the model folder.
        texts: what is repeated to fill the files.
        sizes: numbers of sentences.
        folder: where the files may lie.
    """
    rows: list[dict[str, Any]] = []
    for size in sizes:
        measured = measure_predict(model, texts, size, folder)
        smallest = rows[0]["peak MiB"] if rows else measured["peak MiB"]
        rows.append({"what": f"predict {size} sentences", **measured, "of smallest": measured["peak MiB"] / smallest})
    return rows


def measure_predict(model: Path, texts: Sequence[str], size: int, folder: Path) -> dict[str, float]:
    """Seconds and peak of `adaseq predict` over a file with so many sentences, in a process of its own."""
    source = folder / f"{size}.txt"
    with source.open("w", encoding="utf-8") as file:
        file.writelines(f"{texts[number % len(texts)]}\n" for number in range(size))
    command = [sys.executable, __file__, str(model), str(source), str(folder / f"{size}.jsonl")]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8")
    with (folder / f"{size}.jsonl").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == size
    measured: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return measured


def _predict(model: str, source: str, target: str) -> None:
    import time

    from memory import peak

    from adaseq.commands.main import main

    # Imported while the clock runs otherwise.
    importlib.import_module("adaseq.inference.predictor")
    start = time.perf_counter()
    status = main(["predict", "-m", model, "-d", "cpu", "-i", source, "-o", target])
    print(json.dumps({"seconds": time.perf_counter() - start, "peak MiB": peak()}))
    sys.exit(status)


if __name__ == "__main__":
    _predict(*sys.argv[1:])
