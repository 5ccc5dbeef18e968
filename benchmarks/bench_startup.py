"""How long `adaseq` takes to answer when there is nothing to compute: help, version, mistakes in a configuration.

    python benchmarks/bench_startup.py

Each command is a process of its own. What it imported is looked up in another run, which is not timed: what answers within
half a second must not have imported torch, transformers or anything as heavy. `interpreter` is Python itself, doing nothing.
"""

from __future__ import annotations

import copy
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import common
import yaml

HEAVY = ("torch", "transformers", "tokenizers", "accelerate", "datasets", "pyarrow", "modelscope")
DATA_AND_WEIGHTS = ("datasets", "accelerate")


class Command(NamedTuple):
    """A command line and what is promised for it.

    Attributes:
        arguments: of Python.
        status: the exit status.
        limit: the most seconds.
        forbidden: packages that it must not import.
    """

    arguments: list[str]
    status: int
    limit: float | None
    forbidden: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    options = common.parser(__doc__, repeats=7).parse_args(arguments)
    common.prepare(options)
    with tempfile.TemporaryDirectory() as folder:
        commands = make_commands(Path(folder))
        imported = {name: heavy_imports(command) for name, command in commands.items()}
        jobs: dict[str, common.Job] = {name: lambda c=command: timed(c) for name, command in commands.items()}
        # Everything has run once by now.
        timings = common.Timings().take_turns(jobs, options.repeats, warm_up=False)
    rows = []
    for name, command in commands.items():
        wrong = [package for package in imported[name] if package in command.forbidden]
        is_kept = not wrong and (command.limit is None or timings.median(name) <= command.limit)
        promise = {
            "limit s": command.limit,
            "is kept": "yes" if is_kept else "NO",
            "imported": " ".join(imported[name]),
        }
        rows.append({**timings.row(name), **promise})
    common.report(options, rows, timings.others)


def make_commands(folder: Path) -> dict[str, Command]:
    """The commands by name; their configurations are written into a folder."""
    right = {
        "task": "named-entity-recognition",
        "dataset": {"data_file": {"train": str(common.DEMO_CORPUS / "train.txt")}, "data_type": "conll"},
        "model": {"embedder": {"type": "embedding"}, "use_crf": True},
        "evaluation": None,
    }
    section, argument = copy.deepcopy(right), copy.deepcopy(right)
    section["train"] = {"max_epoch": 3}
    argument["model"]["use_crff"] = True
    broken = yaml.safe_dump(right) + "train: [\n"

    def check(name: str, text: str) -> list[str]:
        path = folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return ["-m", "adaseq", "check", "-c", str(path)]

    return {
        "interpreter": Command(["-c", ""], 0, None, HEAVY),
        "adaseq --help": Command(["-m", "adaseq", "--help"], 0, 0.5, HEAVY),
        "adaseq --version": Command(["-m", "adaseq", "--version"], 0, 0.5, HEAVY),
        "adaseq train --help": Command(["-m", "adaseq", "train", "--help"], 0, 0.5, HEAVY),
        "check: broken YAML": Command(check("broken", broken), 2, 0.5, HEAVY),
        "check: unknown key of a section": Command(check("section", yaml.safe_dump(section)), 2, 0.5, HEAVY),
        "check: unknown argument of the model": Command(check("argument", yaml.safe_dump(argument)), 2, 3.0, HEAVY),
        "check: nothing wrong": Command(check("right", yaml.safe_dump(right)), 0, None, DATA_AND_WEIGHTS),
    }


def timed(command: Command) -> None:
    """A job that is measured from outside."""
    run(command)


def run(command: Command, *options: str) -> str:
    """Run a command; what it wrote to stderr.

    Raises:
        SystemExit: it ended with another status than it should.
    """
    argv = [sys.executable, *options, *command.arguments]
    finished = subprocess.run(argv, check=False, capture_output=True, text=True)
    if finished.returncode != command.status:
        raise SystemExit(
            f"{' '.join(command.arguments)} ended with {finished.returncode} instead of {command.status}:\n{finished.stderr}"
        )
    return finished.stderr


def heavy_imports(command: Command) -> list[str]:
    """The heavy packages that a command imports."""
    log = run(command, "-X", "importtime")
    packages = set(re.findall(r"^import time:.*\|\s*([A-Za-z_]\w*)$", log, re.MULTILINE))
    return [name for name in HEAVY if name in packages]


if __name__ == "__main__":
    main()
