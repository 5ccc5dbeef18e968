"""How fast data is read, encoded, and found again.

    python benchmarks/bench_data.py --train TRAIN.conll --backbone FOLDER

A CoNLL file of `--lines` lines is made by repeating the given one. Each run is a process of its own with an empty cache, apart
from `again`, which has that of the run before it. What is put beside each other:

    parse     reading and checking the examples one after the other, against `datasets.load_dataset("text")` with a loop that
              cuts the lines with `str.split`, which detects no scheme and checks nothing
    keep      the same with counting the examples and writing them to the cache, against the same
    encode    word pieces, labels and lengths of all sentences, written to the cache, against one call of the tokenizer with
              all sentences, which keeps only what it returns
    again     the start of a second run with the same data against the first: reading and encoding, which then is finding both

Times are those of the clock, without imports and without loading the tokenizer. Without `--backbone` words are looked up in a
vocabulary made from the data, and there is no tokenizer to compare with.
"""

from __future__ import annotations

import argparse
import importlib
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
from bench_memory import caches_in, read_with_datasets, repeat

PARSE, FIRST, AGAIN, DATASETS, TOKENIZER = "parse", "first", "again", "datasets", "tokenizer"
GOALS: dict[str, float | None] = {"keep": None, "parse": 1.5, "encode": 1.5, "again": 0.1}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, or one measurement of it, as the command line says."""
    parser = common.parser(__doc__, repeats=5)
    parser.add_argument("--train", type=Path, default=common.DEMO_CORPUS / "train.txt", help="a file in CoNLL columns")
    parser.add_argument("--backbone", type=Path, help="a folder with a transformer and its tokenizer")
    parser.add_argument("--lines", type=int, default=1_000_000, help="the length of the file (default 1000000)")
    parser.add_argument(
        "--only", choices=(PARSE, FIRST, DATASETS, TOKENIZER), help="measure this, here, on the file as it is"
    )
    options = parser.parse_args(arguments)
    if options.only:
        jobs = {PARSE: only_parse, FIRST: read_and_encode, DATASETS: read_with_datasets, TOKENIZER: only_tokenize}
        print(json.dumps(jobs[options.only](options)))
        return
    common.prepare(options)
    runs: dict[str, list[dict[str, float]]] = {PARSE: [], FIRST: [], AGAIN: [], DATASETS: [], TOKENIZER: []}
    timings = common.Timings()
    with tempfile.TemporaryDirectory() as folder:
        file = repeat(options.train, Path(folder) / "train.conll", options.lines)

        def ours() -> None:
            with tempfile.TemporaryDirectory() as cache:
                for what in (FIRST, AGAIN):
                    runs[what].append(measure(file, FIRST, Path(cache), options))

        def alone(what: str) -> None:
            with tempfile.TemporaryDirectory() as cache:
                runs[what].append(measure(file, what, Path(cache), options))

        jobs = {PARSE: lambda: alone(PARSE), FIRST: ours, DATASETS: lambda: alone(DATASETS)}
        if options.backbone:
            jobs[TOKENIZER] = lambda: alone(TOKENIZER)
        timings.take_turns(jobs, options.repeats, warm_up=False)
    common.report(options, rows_of(runs), timings.others, runs=runs)


def rows_of(runs: dict[str, list[dict[str, float]]]) -> list[dict[str, Any]]:
    """The table: each of our times beside what it is measured against."""
    medians = {
        what: {key: statistics.median(each[key] for each in measured) for key in measured[0]}
        for what, measured in runs.items()
        if measured
    }
    start = {what: medians[what]["parse s"] + medians[what]["encode s"] for what in (FIRST, AGAIN)}
    plain = medians[DATASETS]["parse s"]
    pairs = [("parse", medians[PARSE]["parse s"], plain), ("keep", medians[FIRST]["parse s"], plain)]
    if TOKENIZER in medians:
        pairs.append(("encode", medians[FIRST]["encode s"], medians[TOKENIZER]["encode s"]))
    pairs.append(("again", start[AGAIN], start[FIRST]))
    return [
        {"what": name, "ours s": ours, "other s": other, "ratio": ours / other, "wanted at most": GOALS[name]}
        for name, ours, other in pairs
    ]


def measure(file: Path, what: str, cache: Path, options: argparse.Namespace) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--train", str(file), "--only", what]
    command += ["--backbone", str(options.backbone)] if options.backbone else []
    finished = subprocess.run(
        command, env=caches_in(cache), stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8"
    )
    return json.loads(finished.stdout.splitlines()[-1])


def only_parse(options: argparse.Namespace) -> dict[str, float]:
    """The examples of the file, one after the other."""
    from adaseq.data.formats.conll import ConllFormat

    start = time.perf_counter()
    sentences = sum(1 for _ in ConllFormat().read(options.train))
    return {"parse s": time.perf_counter() - start, "sentences": sentences}


def read_and_encode(options: argparse.Namespace) -> dict[str, float]:
    """What happens to a training file before the first batch, without loading the tokenizer."""
    from adaseq.config import load_config
    from adaseq.data.dataset_manager import DatasetManager
    from adaseq.data.feature_dataset import FeatureDataset
    from adaseq.models.assembly import build_preprocessor

    embedder = {"model_name_or_path": str(options.backbone)} if options.backbone else {"type": "embedding"}
    source = {
        "task": "named-entity-recognition",
        "dataset": {"data_file": {"train": str(options.train)}, "data_type": "conll"},
        "model": {"embedder": embedder},
        "evaluation": None,
    }
    config = load_config(source)
    for library in ("pyarrow", "pandas"):  # importing `datasets` imports them too
        importlib.import_module(library)
    start = time.perf_counter()
    manager = DatasetManager.from_config(config.dataset, config.task, has_evaluation=False)
    parse = time.perf_counter() - start
    train = manager.splits["train"]
    preprocessor = build_preprocessor(
        config.preprocessor, config.model, manager.labels, text_splitter=manager.text_splitter
    )
    start = time.perf_counter()
    preprocessor.fit(preprocessor.words_of(example) for example in train)
    features = FeatureDataset(train, preprocessor, training=True)
    encode = time.perf_counter() - start
    return {"parse s": parse, "encode s": encode, "sentences": len(features)}


def only_tokenize(options: argparse.Namespace) -> dict[str, float]:
    """All sentences in one call of the tokenizer."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(options.backbone)
    sentences: list[list[str]] = [[]]
    with options.train.open(encoding="utf-8") as file:
        for line in file:
            columns = line.split()
            if columns:
                sentences[-1].append(columns[0])
            elif sentences[-1]:
                sentences.append([])
    start = time.perf_counter()
    encoded = tokenizer(sentences, is_split_into_words=True, truncation=True, max_length=512)
    return {"encode s": time.perf_counter() - start, "sentences": len(encoded["input_ids"])}


if __name__ == "__main__":
    main()
