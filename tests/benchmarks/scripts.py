"""Running the scripts of the benchmarks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(script: str, output: Path, *arguments: object) -> dict[str, Any]:
    """Run a benchmark; what it wrote into its JSON file."""
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments), "--output", str(output)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    path = output / f"{Path(script).stem}.json" if output.is_dir() else output
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert all(str(row["what" if "what" in row else "variant"]) in finished.stdout for row in result["rows"])
    return result


def rows_of(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of a table by their first column."""
    return {row["what"]: row for row in result["rows"]}


def source_of(script: str) -> str:
    """The source of a benchmark with what it shares with others, where the options of its command line are."""
    source = (BENCHMARKS / script).read_text(encoding="utf-8")
    modules = ["common", *re.findall(r"^from (bench_\w+) import", source, re.MULTILINE)]
    return source + "".join((BENCHMARKS / f"{module}.py").read_text(encoding="utf-8") for module in modules)
