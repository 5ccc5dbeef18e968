"""How time and memory grow with the data: reading and encoding, an epoch of training, and `predict`, over 1, 3 and 10 times as much.

    python benchmarks/bench_growth.py --train TRAIN.conll --sentences TEST.conll

The files are made by repeating the given ones. Every measurement is a process of its own with an empty cache, and the sizes
take turns. The claims are two ratios for each part: the time of one example over that with the least data (1 means that time
grows as the data does), and the peak of resident memory over that with the least data (1 means that it does not grow). The
network is a small LSTM with a CRF; no part of what is measured depends on it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import bench_memory
import common
from memory import peak
from use_memory import measure_predict

SCALES = (1, 3, 10)
READ, TRAIN, PREDICT = "reading and encoding", "training epoch", "predict"
UNITS = {READ: "lines", TRAIN: "lines", PREDICT: "sentences"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, or one measurement of it, as the command line says."""
    parser = common.parser(__doc__, repeats=3)
    parser.add_argument("--train", type=Path, default=common.DEMO_CORPUS / "train.txt", help="a file in CoNLL columns")
    parser.add_argument("--sentences", type=Path, default=common.DEMO_CORPUS / "test.txt", help="in CoNLL columns")
    parser.add_argument("--backbone", type=Path, help="encode with the tokenizer of this folder")
    parser.add_argument("--read_lines", type=int, default=100_000, help="lines to read, once (default 100000)")
    parser.add_argument("--train_lines", type=int, default=10_000, help="lines to train on, once (default 10000)")
    parser.add_argument("--texts", type=int, default=3_000, help="sentences to predict, once (default 3000)")
    parser.add_argument("--scales", type=int, nargs="+", default=SCALES, help="how many times as much data")
    parser.add_argument("--only", choices=(TRAIN,), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.only:
        print(json.dumps(train_epoch(options)))
        return
    common.prepare(options)
    with tempfile.TemporaryDirectory() as folder:
        runs, others = measure_all(options, Path(folder))
    rows = [row for what in UNITS for row in rows_of(what, runs)]
    told = {f"{what} {size}": measured for (what, size), measured in runs.items()}
    common.report(options, rows, others, runs=told)


Runs = dict[tuple[str, int], list[dict[str, float]]]


def measure_all(options: argparse.Namespace, folder: Path) -> tuple[Runs, float]:
    """What every run measured, and the cores that other programs used."""
    from adaseq.data.formats.conll import ConllFormat

    texts = [" ".join(example.tokens) for example in ConllFormat().read(options.sentences)]
    model = untrained(options.train, folder)
    runs: Runs = {}

    def job(what: str, size: int, measure: Callable[[], dict[str, float]]) -> common.Job:
        runs[what, size] = []
        return lambda: runs[what, size].append(measure())

    jobs: dict[str, common.Job] = {}
    for scale in options.scales:
        lines, learned, sentences = (scale * each for each in (options.read_lines, options.train_lines, options.texts))
        read = bench_memory.repeat(options.train, folder / f"read-{lines}.conll", lines)
        train = bench_memory.repeat(options.train, folder / f"train-{learned}.conll", learned)
        jobs[f"{READ} {lines}"] = job(READ, lines, partial(read_all, read, options))
        jobs[f"{TRAIN} {learned}"] = job(TRAIN, learned, partial(in_process, train, options))
        jobs[f"{PREDICT} {sentences}"] = job(
            PREDICT, sentences, partial(measure_predict, model, texts, sentences, folder)
        )
    timings = common.Timings().take_turns(jobs, options.repeats, warm_up=False)
    return runs, timings.others


def rows_of(what: str, runs: Runs) -> list[dict[str, Any]]:
    """A row for each size of a part."""
    rows: list[dict[str, Any]] = []
    for (part, size), measured in runs.items():
        if part != what:
            continue
        seconds, most = (statistics.median(each[key] for each in measured) for key in ("seconds", "peak MiB"))
        first = rows[0] if rows else {"size": size, "median s": seconds, "peak MiB": most}
        rows.append(
            {
                "what": what,
                "size": size,
                "unit": UNITS[what],
                "median s": seconds,
                "min s": min(each["seconds"] for each in measured),
                "max s": max(each["seconds"] for each in measured),
                "time per example of smallest": seconds / size / (first["median s"] / first["size"]),
                "peak MiB": most,
                "peak of smallest": most / first["peak MiB"],
            }
        )
    return rows


def read_all(file: Path, options: argparse.Namespace) -> dict[str, float]:
    """Reading and encoding with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        measured = bench_memory.measure(file, bench_memory.OURS, Path(cache), options)
    return {"seconds": measured["parse s"] + measured["encode s"], "peak MiB": measured["peak MiB"]}


def in_process(file: Path, options: argparse.Namespace) -> dict[str, float]:
    """An epoch of training in a process of its own, with an empty cache."""
    command = [sys.executable, __file__, "--only", TRAIN, "--train", str(file)]
    command += ["--threads", str(options.threads)] if options.threads is not None else []
    with tempfile.TemporaryDirectory() as cache:
        finished = subprocess.run(
            command, env=bench_memory.caches_in(Path(cache)), stdout=subprocess.PIPE, text=True, check=True
        )
    measured: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return measured


def train_epoch(options: argparse.Namespace) -> dict[str, float]:
    """The seconds of an epoch, and the peak of the whole process."""
    from networks import add_timer, our_epoch

    from adaseq.config import load_config
    from adaseq.training.build import prepare_data
    from adaseq.training.runtime import Runtime

    common.prepare(options)
    config = add_timer(load_config(configuration(options.train)))
    runtime = Runtime("cpu")
    data = prepare_data(config, runtime)
    runtime.close()
    seconds, _ = our_epoch(config, data, "cpu")
    return {"seconds": seconds, "peak MiB": peak()}


def configuration(train: Path) -> dict[str, Any]:
    """A small LSTM with a CRF, for one epoch."""
    return {
        "task": "named-entity-recognition",
        "dataset": {"data_file": {"train": str(train)}, "data_type": "conll"},
        "model": {
            "embedder": {"type": "embedding", "embedding_dim": 64},
            "encoder": {"type": "lstm", "hidden_size": 64, "bidirectional": True},
        },
        "train": {"max_epochs": 1, "dataloader": {"batch_size_per_gpu": 32}},
        "evaluation": None,
    }


def untrained(train: Path, folder: Path) -> Path:
    """A model folder with that network, as it is before training."""
    from adaseq.config import load_config
    from adaseq.models.assembly import build_model
    from adaseq.models.model_folder import save_model_folder
    from adaseq.training.build import prepare_data
    from adaseq.training.runtime import Runtime

    config = load_config(configuration(train))
    runtime = Runtime("cpu")
    data = prepare_data(config, runtime)
    runtime.close()
    save_model_folder(
        folder / "model", build_model(config.model, data.preprocessor), data.preprocessor, config.to_dict()
    )
    return folder / "model"


if __name__ == "__main__":
    main()
