"""Train a configuration with several seeds, and say how good the models are: each seed, mean and standard deviation.

    python benchmarks/accuracy.py -c CONFIG --train TRAIN --valid DEV --test TEST --seeds 42 43 44
    python benchmarks/accuracy.py -c CONFIG --variant bigger model.encoder.hidden_size=256 --variant smaller …

Each run is a process of its own, one after the other; its test scores are read from `metrics.json`. `valid` is the best score
on the validation data: choose between variants by that one. With `--work_dir` the runs are kept, and `--resume` does only
what is missing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common

SPLITS = ("train", "valid", "test")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and test as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-c", "--config_path", required=True)
    for split in SPLITS:
        parser.add_argument(f"--{split}", nargs="+", type=Path, help=f"dataset.data_file.{split}: one file or several")
    parser.add_argument("--backbone", help="model.embedder.model_name_or_path")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="for all variants")
    parser.add_argument(
        "--variant",
        nargs="+",
        action="append",
        default=[],
        metavar=("NAME", "KEY=VALUE"),
        help="a name, and what is different in it (repeatable)",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[42, 43, 44])
    parser.add_argument("--metric", default="f1", help="which score to show (all of them go into the JSON file)")
    parser.add_argument("-d", "--device", default="cpu")
    parser.add_argument("--work_dir", type=Path, help="keep the runs in this folder")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the runs in --work_dir; finished ones are read"
    )
    parser.add_argument("--output", type=Path, help="write the scores to this JSON file, or into this folder")
    options = parser.parse_args(arguments)
    if options.resume and not options.work_dir:
        parser.error("--resume needs the --work_dir whose runs are to go on")

    with tempfile.TemporaryDirectory() as folder:
        work_dir = options.work_dir or Path(folder)
        variants = {name: changes for name, *changes in options.variant} or {"as configured": []}
        runs = []
        for name, changes in variants.items():
            for seed in options.seeds:
                run = {"variant": name, "seed": seed, **train(options, changes, seed, work_dir / name / str(seed))}
                print(
                    f"{name}, seed {seed}: test {run['test'][options.metric]:.4f}, {run['seconds']:.0f} s", flush=True
                )
                runs.append(run)
    rows = [summary(name, [run for run in runs if run["variant"] == name], options.metric) for name in variants]
    common.report(options, rows, metric=options.metric, runs=runs)


def train(options: argparse.Namespace, changes: Sequence[str], seed: int, folder: Path) -> dict[str, Any]:
    """One run.

    Returns:
        `seconds`, `test`: the test scores, and `valid`: the best validation score, None without validation.
    """
    command = [sys.executable, "-m", "adaseq", "train", "-c", options.config_path, "-w", str(folder)]
    command += ["--seed", str(seed), "-d", options.device]
    command += ["--resume"] if options.resume and folder.exists() else []
    for override in [*overrides(options), *options.set, *changes]:
        command += ["--set", override]
    start = time.perf_counter()
    finished = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", errors="replace")
    if finished.returncode:
        print(finished.stderr[-4000:], file=sys.stderr)
        raise SystemExit(finished.returncode)
    lines = [json.loads(line) for line in (folder / "metrics.json").read_text(encoding="utf-8").splitlines()]
    tests = [line for line in lines if line["mode"] == "test"]
    if not tests or options.metric not in tests[-1]:
        scores = ", ".join(tests[-1]) if tests else "none: is there a test split?"
        raise SystemExit(f"{folder} has no test score '{options.metric}'; it has {scores}")
    valid = [line[key] for line in lines if (key := f"evaluation/{options.metric}") in line]
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "valid": max(valid, default=None), "test": tests[-1], "changes": list(changes)}


def overrides(options: argparse.Namespace) -> list[str]:
    """The options that stand for keys of the configuration."""
    result = []
    for split in SPLITS:
        files = getattr(options, split)
        if files:
            paths = [str(path.absolute()) for path in files]
            result.append(f"dataset.data_file.{split}={json.dumps(paths if len(paths) > 1 else paths[0])}")
    if options.backbone:
        result.append(f"model.embedder.model_name_or_path={json.dumps(options.backbone)}")
    return result


def summary(name: str, runs: Sequence[dict[str, Any]], metric: str) -> dict[str, Any]:
    """A row of the table."""
    tests = [run["test"][metric] for run in runs]
    valid = [run["valid"] for run in runs if run["valid"] is not None]
    return {
        "variant": name,
        **{f"seed {run['seed']}": f"{run['test'][metric]:.4f}" for run in runs},
        f"test {metric}": f"{statistics.mean(tests):.4f}",
        "±": f"{statistics.stdev(tests):.4f}" if len(tests) > 1 else None,
        "valid": f"{statistics.mean(valid):.4f}" if valid else None,
        "seconds": round(statistics.mean(run["seconds"] for run in runs)),
    }


if __name__ == "__main__":
    main()
