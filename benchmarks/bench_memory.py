"""Peak memory and time of reading and encoding CoNLL files of 100,000 and 1,000,000 lines.

    python benchmarks/bench_memory.py --train TRAIN.conll --backbone FOLDER

The files are made by repeating the given one. Each measurement is a process of its own: `first` with an empty cache, `again`
with the cache that it left. The claim is the ratio of the peaks (resident memory, with everything imported). `datasets`
reads the same files with `datasets.load_dataset("text")` and cuts the lines with `str.split`, which parses and does no more:
it detects no scheme, checks nothing, keeps nothing and encodes nothing. Without `--backbone` the words are looked up in a
vocabulary made from the data.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
from memory import peak

SIZES = (100_000, 1_000_000)
OURS, AGAIN, DATASETS = "first", "again", "datasets"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, or one measurement of it, as the command line says."""
    parser = common.parser(__doc__, repeats=3)
    parser.add_argument("--train", type=Path, default=common.DEMO_CORPUS / "train.txt", help="a file in CoNLL columns")
    parser.add_argument("--backbone", type=Path, help="a folder with a transformer and its tokenizer")
    parser.add_argument("--lines", type=int, nargs="+", default=SIZES)
    parser.add_argument("--only", choices=(OURS, DATASETS), help="measure this, here, on the file as it is")
    options = parser.parse_args(arguments)
    if options.only:
        measured = read_and_encode(options) if options.only == OURS else read_with_datasets(options)
        print(json.dumps(measured))
        return
    common.prepare(options)

    timings = common.Timings()
    results: dict[tuple[str, int], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {lines: repeat(options.train, Path(folder) / f"{lines}.conll", lines) for lines in options.lines}

        def round_of(lines: int) -> None:
            with tempfile.TemporaryDirectory() as cache:
                for what in (OURS, AGAIN, DATASETS):
                    measured = measure(files[lines], what, Path(cache), options)
                    results.setdefault((what, lines), []).append(measured)

        jobs: dict[str, common.Job] = {str(lines): lambda n=lines: round_of(n) for lines in options.lines}
        timings.take_turns(jobs, options.repeats, warm_up=False)
    rows = []
    for what in (OURS, AGAIN, DATASETS):
        smallest = None
        for lines in options.lines:
            runs = results[what, lines]
            medians: dict[str, Any] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
            smallest = smallest or medians["peak MiB"]
            rows.append({"what": what, "lines": lines, **medians, "of smallest": medians["peak MiB"] / smallest})
    common.report(options, rows, timings.others, runs={f"{what} {n}": runs for (what, n), runs in results.items()})


def repeat(source: Path, target: Path, lines: int) -> Path:
    """A file of so many lines: all of the source again and again."""
    content = source.read_bytes().rstrip(b"\n").splitlines(keepends=True)
    content[-1] = content[-1].rstrip(b"\r\n") + b"\n"
    content.append(b"\n")
    with target.open("wb") as file:
        for start in range(0, lines, len(content)):
            file.writelines(content[: lines - start])
    return target


def measure(file: Path, what: str, cache: Path, options: argparse.Namespace) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--train", str(file), "--only", DATASETS if what == DATASETS else OURS]
    command += ["--backbone", str(options.backbone)] if options.backbone else []
    command += ["--threads", str(options.threads)] if options.threads is not None else []
    finished = subprocess.run(
        command, env=caches_in(cache), stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8"
    )
    return json.loads(finished.stdout.splitlines()[-1])


def caches_in(folder: Path) -> dict[str, str]:
    """The environment of a process that keeps what it caches in a folder."""
    return {**os.environ, "ADASEQ_CACHE": str(folder / "adaseq"), "HF_DATASETS_CACHE": str(folder / "datasets")}


def read_and_encode(options: argparse.Namespace) -> dict[str, float]:
    """What happens to a training file before the first batch."""
    from adaseq.config import load_config
    from adaseq.data.dataset_manager import DatasetManager
    from adaseq.data.feature_dataset import FeatureDataset
    from adaseq.models.assembly import build_preprocessor

    common.prepare(options)
    embedder = {"model_name_or_path": str(options.backbone)} if options.backbone else {"type": "embedding"}
    source = {
        "task": "named-entity-recognition",
        "dataset": {"data_file": {"train": str(options.train)}, "data_type": "conll"},
        "model": {"embedder": embedder},
        "evaluation": None,
    }
    config = load_config(source)
    # Imported on first use otherwise, that is, while the clock runs.
    importlib.import_module("pyarrow")
    before = peak()
    start = time.perf_counter()
    manager = DatasetManager.from_config(config.dataset, config.task, has_evaluation=False)
    read = time.perf_counter()
    train = manager.splits["train"]
    preprocessor = build_preprocessor(
        config.preprocessor, config.model, manager.labels, text_splitter=manager.text_splitter
    )
    preprocessor.fit(example.tokens for example in train)
    FeatureDataset(train, preprocessor, training=True)
    seconds = {"parse s": read - start, "encode s": time.perf_counter() - read}
    return {**seconds, "imports MiB": before, "peak MiB": peak(), "sentences": len(train)}


def read_with_datasets(options: argparse.Namespace) -> dict[str, float]:
    """The sentences of a file by way of `datasets`."""
    import datasets

    datasets.disable_progress_bars()
    before = peak()
    start = time.perf_counter()
    lines = datasets.load_dataset("text", data_files={"train": str(options.train)}, split="train")
    sentences, tokens, tags = 0, [], []
    for batch in lines.iter(batch_size=1000):
        for line in batch["text"]:
            columns = line.split()
            if columns:
                tokens.append(columns[0])
                tags.append(columns[-1])
            elif tokens:
                sentences += 1
                tokens, tags = [], []
    sentences += bool(tokens)
    return {
        "parse s": time.perf_counter() - start,
        "imports MiB": before,
        "peak MiB": peak(),
        "sentences": sentences,
    }


if __name__ == "__main__":
    main()
