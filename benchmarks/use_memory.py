"""The peak memory of `adaseq predict` over files of several sizes."""

from __future__ import annotations

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
        source = folder / f"{size}.txt"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(f"{texts[number % len(texts)]}\n" for number in range(size))
        command = [sys.executable, __file__, str(model), str(source), str(folder / f"{size}.jsonl")]
        finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8")
        measured = json.loads(finished.stdout.splitlines()[-1])
        with (folder / f"{size}.jsonl").open(encoding="utf-8") as file:
            assert sum(1 for _ in file) == size
        smallest = rows[0]["peak MiB"] if rows else measured["peak MiB"]
        rows.append({"what": f"predict {size} sentences", **measured, "of smallest": measured["peak MiB"] / smallest})
    return rows


def _predict(model: str, source: str, target: str) -> None:
    import resource
    import time

    from adaseq.commands.main import main

    start = time.perf_counter()
    status = main(["predict", "-m", model, "-d", "cpu", "-i", source, "-o", target])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"seconds": time.perf_counter() - start, "peak MiB": peak}))
    sys.exit(status)


if __name__ == "__main__":
    _predict(*sys.argv[1:])
