"""What the benchmarks share: the command line, the machine, taking turns, the table and the JSON file."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from machine import busy_seconds, has_bf16_instructions, machine, own_seconds

DEMO_CORPUS = Path(__file__).resolve().parents[1] / "adaseq" / "demo" / "demo_corpus"

# Cores busy with other work, above which no figure is to be believed.
_BUSY = 0.1
# The load average also counts what this program itself did a moment ago.
_HIGH_LOAD = 0.5

Job = Callable[[], float | None]


def parser(description: str | None, repeats: int) -> argparse.ArgumentParser:
    """A command line with what every benchmark takes.

    Args:
        description: the docstring of the script.
        repeats: how often each thing is timed by default.
    """
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--repeats", type=int, default=repeats, help=f"timed runs of each, in turns (default {repeats})")
    made.add_argument("--threads", type=int, help="threads of torch (default: as torch chooses)")
    made.add_argument("--output", type=Path, help="write the figures to this JSON file, or into this folder")
    return made


class Timings:
    """Seconds of several jobs that take turns, so that whatever else the machine does meets them all.

    Attributes:
        seconds: for each job its runs.
        others: the most cores that other programs used during a run.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.others = 0.0
        self._wall, self._elsewhere = 0.0, 0.0

    def take_turns(self, jobs: Mapping[str, Job], repeats: int, warm_up: bool = True) -> Timings:
        """Run each job once in each round; each round begins with another one.

        Args:
            jobs: by name; a job that measures itself returns its seconds.
            repeats: the rounds.
            warm_up: begin with a round that does not count.
        """
        names = list(jobs)
        self.seconds.update({name: [] for name in names})
        for turn in range(-1 if warm_up else 0, repeats):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                seconds = self._run(jobs[name])
                if turn >= 0:
                    self.seconds[name].append(seconds)
        return self

    def median(self, name: str) -> float:
        """The median seconds of a job."""
        return statistics.median(self.seconds[name])

    def row(self, name: str) -> dict[str, Any]:
        """Median and spread of a job, for the table."""
        runs = self.seconds[name]
        return {"what": name, "median s": self.median(name), "min s": min(runs), "max s": max(runs), "runs": len(runs)}

    def _run(self, job: Job) -> float:
        busy, own, start = busy_seconds(), own_seconds(), time.perf_counter()
        measured = job()
        wall = time.perf_counter() - start
        elsewhere = (busy_seconds() - busy) - (own_seconds() - own)
        self._wall, self._elsewhere = self._wall + wall, self._elsewhere + elsewhere
        # This run, and all so far: the system counts in hundredths of a second, too coarse for a short run alone.
        for work, seconds in ((elsewhere, wall), (self._elsewhere, self._wall)):
            if seconds > 1.0:
                self.others = max(self.others, work / seconds)
        return wall if measured is None else measured


def prepare(options: argparse.Namespace) -> None:
    """Set the number of threads, and say so if the machine is not idle."""
    if options.threads is not None:
        import torch

        torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    if load > _HIGH_LOAD:
        print(f"warning: the load average is {load:.2f}; times are to be believed on an idle machine only", flush=True)
    if "bf16" in getattr(options, "precisions", ()) and has_bf16_instructions() is False:
        print(
            "warning: this processor has no instructions for bfloat16; its figures say nothing about others", flush=True
        )


def report(options: argparse.Namespace, rows: Sequence[Mapping[str, Any]], others: float = 0.0, **more: Any) -> None:
    """Print a table, and write it with the facts about the machine if a file was asked for.

    Args:
        options: the command line.
        rows: the table; the keys of all rows are its columns.
        others: the most cores that other programs used meanwhile.
        more: what else goes into the file.
    """
    if rows:
        print(table(rows), flush=True)
    if others > _BUSY:
        print(
            f"warning: other programs used up to {others:.2f} cores meanwhile; do not believe these times", flush=True
        )
    if options.output:
        script = Path(sys.argv[0]).stem
        path = options.output / f"{script}.json" if options.output.is_dir() else options.output
        content = {
            "benchmark": script,
            "arguments": sys.argv[1:],
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "machine": machine(),
            "cores_used_by_others": round(others, 3),
            **more,
            "rows": list(rows),
        }
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with their columns aligned."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    lines = []
    for row in cells:
        first = row[0].ljust(widths[0])
        lines.append("  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]))
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
