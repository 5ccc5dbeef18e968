"""What the benchmarks share: the command line, the machine, taking turns, the table and the JSON file."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from adaseq.version import __version__

DEMO_CORPUS = Path(__file__).resolve().parents[1] / "adaseq" / "demo" / "demo_corpus"
PACKAGES = ("torch", "transformers", "accelerate", "tokenizers", "datasets", "numpy", "pyarrow", "pydantic")

# Cores busy with other work, above which no figure is to be believed.
_BUSY = 0.1
# The load average also counts what this program itself did a moment ago.
_HIGH_LOAD = 0.5

# What the instructions are called on x86 and on ARM processors.
_BF16 = ("amx_bf16", "avx512_bf16", "avx10_2", "bf16", "sve_bf16", "arm_bf16")

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
        busy, own, start = _busy_seconds(), _own_seconds(), time.perf_counter()
        measured = job()
        wall = time.perf_counter() - start
        elsewhere = (_busy_seconds() - busy) - (_own_seconds() - own)
        # The system counts in hundredths of a second, too coarse for short runs.
        if wall > 1.0:
            self.others = max(self.others, elsewhere / wall)
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


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, cores, threads, load, versions."""
    facts: dict[str, Any] = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average": list(os.getloadavg()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "adaseq": __version__,
    }
    for package in PACKAGES:
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            facts[package] = None
    torch = sys.modules.get("torch")
    if torch is not None:
        facts["torch_threads"] = torch.get_num_threads()
        facts["torch_cpu_capability"] = torch.backends.cpu.get_cpu_capability()
        facts["bf16_instructions"] = has_bf16_instructions()
    return facts


def has_bf16_instructions() -> bool | None:
    """Whether the processor multiplies bfloat16 numbers itself; None if torch cannot tell."""
    import torch

    ask = getattr(torch.cpu, "get_capabilities", None)
    known = ask() if ask else {}
    return any(known.get(name) for name in _BF16) if known else None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _busy_seconds() -> float:
    """Core seconds that the machine has worked."""
    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))


def _own_seconds() -> float:
    """Core seconds that this process and its finished children have worked."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
