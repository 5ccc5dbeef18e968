"""One epoch in one process against two that share the work, with the same number of sentences in a step.

    python benchmarks/bench_processes.py --train TRAIN.conll --backbone FOLDER

Each run is started by `torchrun`, with gloo between the processes, and timed from inside the training. Two processes take a
thread each and half of the batch each; one process takes the whole batch, once with one thread and once with two. The claims are
ratios of medians. On a GPU machine with several devices run `torchrun scripts/train.py` instead.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import common
from memory import peak


class Way(NamedTuple):
    """How the work is shared.

    Attributes:
        processes: how many there are.
        threads: of each.
    """

    processes: int
    threads: int


ONE_THREAD, TWO_THREADS, TWO_PROCESSES = "one process, one thread", "one process, two threads", "two processes"
WAYS = {ONE_THREAD: Way(1, 1), TWO_THREADS: Way(1, 2), TWO_PROCESSES: Way(2, 1)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, or one process of it, as the command line says."""
    parser = common.parser(__doc__, repeats=3)
    parser.add_argument("--train", type=Path, default=common.DEMO_CORPUS / "train.txt", help="a file in CoNLL columns")
    parser.add_argument("--backbone", type=Path, help="a folder with a transformer and its tokenizer")
    parser.add_argument("--batch_size", type=int, default=16, help="sentences in a step, of all processes together")
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.result:
        train(options)
        return
    common.prepare(options)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        if options.backbone is None:
            options.backbone = random_backbone(options.train, Path(folder))

        def job(name: str) -> common.Job:
            def run() -> float:
                runs[name].append(launch(WAYS[name], Path(folder), options))
                return float(runs[name][-1]["seconds"])

            return run

        timings = common.Timings().take_turns({name: job(name) for name in WAYS}, options.repeats, warm_up=False)
    rows = []
    for name in WAYS:
        ratios = {f"of {each}": timings.median(name) / timings.median(each) for each in (ONE_THREAD, TWO_THREADS)}
        memory = statistics.median(run["peak MiB"] for run in runs[name])
        updates = runs[name][-1]["updates"]
        rows.append({**timings.row(name), **ratios, "updates": updates, "peak MiB of each": memory})
    common.report(options, rows, timings.others, runs=timings.seconds)


def random_backbone(train: Path, folder: Path) -> Path:
    """A network of MiniLM's size."""
    import tasks
    from networks import make_backbone

    return make_backbone(folder / "backbone", (word for each in tasks.read(train) for word in each.tokens))


def launch(way: Way, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Start the processes; what the first one measured."""
    result = folder / "result.json"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(way.processes)]
    command += [__file__, "--train", str(options.train), "--backbone", str(options.backbone), "--result", str(result)]
    command += ["--threads", str(way.threads), "--batch_size", str(options.batch_size // way.processes)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(way.threads)}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise SystemExit(f"{way.processes} processes ended with {finished.returncode}:\n{finished.stderr}")
    measured: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return measured


def train(options: argparse.Namespace) -> None:
    """One epoch in this process and its like; the first writes what it measured."""
    import torch
    from networks import EpochTimer, add_timer

    from adaseq.config import load_config
    from adaseq.training.build import build_trainer, prepare_data
    from adaseq.training.runtime import Runtime

    torch.set_num_threads(options.threads)
    config = add_timer(
        load_config(
            {
                "task": "named-entity-recognition",
                "dataset": {"data_file": {"train": str(options.train)}, "data_type": "conll"},
                "model": {"embedder": {"model_name_or_path": str(options.backbone)}},
                "train": {"max_epochs": 1, "dataloader": {"batch_size_per_gpu": options.batch_size}},
                "evaluation": None,
            }
        )
    )
    runtime = Runtime("cpu")
    try:
        data = prepare_data(config, runtime)
        with tempfile.TemporaryDirectory() as folder:
            trainer = build_trainer(config, data, runtime, Path(folder))
            trainer.run()
        timer = next(hook for hook in trainer.hooks if isinstance(hook, EpochTimer))
        measured = {"seconds": timer.seconds[0], "updates": trainer.progress.update, "peak MiB": peak()}
        runtime.on_main(lambda: options.result.write_text(json.dumps(measured), encoding="utf-8"))
    finally:
        runtime.close()


if __name__ == "__main__":
    main()
