"""A trained model in use: what the predictor costs over its network, memory, long texts, calibration.

    python benchmarks/bench_use.py --sentences TEST.conll --dev DEV.conll --model RUN/output_best --plot calibration.svg

Without `--model` an untrained tagger is made, whose figures mean nothing; it shows that the script runs. The parts:

* overhead: `predictor(texts)` against the forward pass of the network over the same batches, made before the clock starts, and
  against the forward pass with decoding and probabilities. The claim is the ratio of medians.
* memory: `adaseq predict` from file to file over few and over many sentences, each in a process of its own. The claim is the
  ratio of the peaks of resident memory.
* long text: sentences are put among others up to so many characters. Planted are entities that are found in a text of three
  sentences; the claim is the share of them that is found in the long one. Once more without an overlap of windows.
* calibration: how often entities that are given a probability are right, in ten bins, and the expected calibration error
  (Guo et al. 2017), over the annotated sentences of `--dev`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
import torch
from bench_predict import TASK, done, network_alone, untrained
from use_calibration import measure_calibration, plot
from use_long_text import measure_long_text
from use_memory import measure_memory

import adaseq
from adaseq.data.batching import BatchSampler
from adaseq.data.dataset_manager import DatasetManager
from adaseq.inference.predictor import Predictor
from adaseq.utils.tensors import to_device

PARTS = ("overhead", "memory", "long_text", "calibration")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that the command line says."""
    parser = common.parser(__doc__, repeats=5)
    parser.add_argument("--sentences", type=Path, default=common.DEMO_CORPUS / "test.txt", help="in CoNLL columns")
    parser.add_argument("--dev", type=Path, default=common.DEMO_CORPUS / "dev.txt", help="annotated, in CoNLL columns")
    parser.add_argument("--model", type=Path, help="a model folder")
    parser.add_argument("--backbone", type=Path, help="of an untrained tagger, where there is no model")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--sizes", type=int, nargs="+", default=(10_000, 100_000), help="sentences of the memory files")
    parser.add_argument("--characters", type=int, default=20_000, help="of the long text")
    parser.add_argument("--plot", type=Path, help="write the plot of the calibration to this SVG file")
    options = parser.parse_args(arguments)
    common.prepare(options)

    manager = _read(options.sentences)
    words = [example.tokens for example in manager.splits["test"]]
    rows: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    others = 0.0
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or untrained(manager, options.backbone, Path(folder))
        predictor = adaseq.load(model)
        texts = [" ".join(tokens) for tokens in words]
        if "overhead" in options.parts:
            rows, others = measure_overhead(predictor, texts, options)
        if "memory" in options.parts:
            rows += measure_memory(model, texts, options.sizes, Path(folder))
        if "long_text" in options.parts:
            rows += measure_long_text(model, texts, options.characters)
        if "calibration" in options.parts:
            annotated = [example for example in _read(options.dev).splits["test"] if example.tokens]
            summary, bins = measure_calibration(predictor, annotated)
            rows.append(summary)
            more["calibration"] = bins
            print(common.table(bins), end="\n\n")
            if options.plot:
                options.plot.write_text(plot(bins, summary["expected calibration error"]), encoding="utf-8")
    common.report(options, rows, others, **more)


def measure_overhead(
    predictor: Predictor, texts: Sequence[str], options: argparse.Namespace
) -> tuple[list[dict[str, Any]], float]:
    """Rows with the time of the predictor over those of its network, and the cores that other programs used."""
    tokens = [predictor.example(text).tokens for text in texts]
    jobs: dict[str, common.Job] = {
        "forward": _forward(predictor, texts),
        "forward and decoding": network_alone(predictor, texts),
        "predictor, raw text": lambda: done(predictor(list(texts))),
        "predictor, words": lambda: done(predictor([{"tokens": each} for each in tokens])),
    }
    timings = common.Timings().take_turns(jobs, options.repeats)
    rows = []
    for name in jobs:
        ratios = {f"of {base}": timings.median(name) / timings.median(base) for base in list(jobs)[:2]}
        rows.append({**timings.row(name), **ratios})
    return rows, timings.others


def _forward(predictor: Predictor, texts: Sequence[str]) -> common.Job:
    """The network without decoding; for models that cannot part the two, with it."""
    model: Any = predictor.model
    if not hasattr(model, "emissions"):
        return network_alone(predictor, texts)
    examples = [predictor.example(text) for text in texts if text.strip()]
    features = predictor.preprocessor.encode(examples, training=False)
    lengths = [len(each["input_ids"]) for each in features]
    sampler = BatchSampler(lengths, len(lengths), shuffle=False, token_budget=predictor.batch_tokens)
    batches = [
        to_device(predictor.collator([{**features[i], "index": i} for i in numbers]), predictor.device)
        for numbers in sampler
    ]

    def run() -> None:
        with torch.inference_mode():
            for batch in batches:
                model.emissions(batch)

    return run


def _read(path: Path) -> DatasetManager:
    dataset = {"data_file": {"test": str(path)}, "data_type": "conll"}
    return DatasetManager.from_config(dataset, TASK, has_evaluation=False)


if __name__ == "__main__":
    main()
