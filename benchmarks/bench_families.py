"""Time and memory of one epoch of every family of models, against the same network in a bare PyTorch loop.

    python benchmarks/bench_families.py                                          the demo's corpus, a random network
    python benchmarks/bench_families.py --train TRAIN.conll --backbone FOLDER

The data of every task is made of the same sentences with entities: types of mentions are types of entities, the relation of two
entities is what they are, the class of a text is the type of its first entity. Both sides take the same features, the same
order of batches, the same optimizer, clipping and schedule, and must end with the same weights. Where Hugging Face's `Trainer`
has the same task, it takes a turn too, with its own batches and optimizer. Memory is the peak of an epoch above what was there
before it, each in a process of its own. The claims are ratios of medians.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import common
import tasks
from bench_training_loop import BARE, OURS, Loops
from memory import peak_above
from networks import make_backbone
from their_training import TheirTraining

from adaseq.config import load_config

HUGGING_FACE = "Hugging Face"
MAX_LENGTH = 128


class Family(NamedTuple):
    """A family of models.

    Attributes:
        task: which data it learns from.
        model: its section of a configuration, without the embedder.
        has_backbone: whether its words come from a transformer; otherwise from a table of vectors.
        has_counterpart: whether Hugging Face has a class for the same.
    """

    task: str
    model: dict[str, Any]
    has_backbone: bool = True
    has_counterpart: bool = False


_LSTM = {"type": "lstm", "hidden_size": 128, "bidirectional": True}
FAMILIES = {
    "linear": Family("entities", {"type": "sequence-labeling-model", "use_crf": False}, has_counterpart=True),
    "crf": Family("entities", {"type": "sequence-labeling-model"}),
    "partial crf": Family("partial", {"type": "sequence-labeling-model", "partial": True}),
    "lstm-crf": Family("entities", {"type": "sequence-labeling-model", "encoder": _LSTM}, has_backbone=False),
    "biaffine": Family("entities", {"type": "biaffine-ner-model"}),
    "global pointer": Family("entities", {"type": "global-pointer-model"}),
    "w2ner": Family("entities", {"type": "w2ner-model"}),
    "two-stage": Family("entities", {"type": "twostage-ner-model"}),
    "span typing": Family("typing", {"type": "multilabel-span-typing-model"}),
    "concat typing, pairwise crf": Family(
        "typing by mention",
        {"type": "multilabel-concat-typing-model", "decoder": {"type": "pairwise-crf", "label_emb_dim": 50}},
    ),
    "relation": Family("relations", {"type": "relation-extraction-model"}),
    "text classification": Family("texts", {"type": "text-classification-model"}, has_counterpart=True),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = common.parser(__doc__, repeats=3)
    parser.add_argument(
        "--train", type=Path, default=common.DEMO_CORPUS / "train.txt", help="sentences in CoNLL columns"
    )
    parser.add_argument("--backbone", type=Path, help="a folder with a transformer and its tokenizer")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES), metavar="FAMILY")
    parser.add_argument("--sentences", type=int, default=256, help="how many are trained on (default 256)")
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--memory_repeats", type=int, default=1, help="epochs of each (default 1); 0 leaves memory out")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("-d", "--device", default="cpu")
    options = parser.parse_args(arguments)
    common.prepare(options)

    rows, runs, others = [], {}, 0.0
    with tempfile.TemporaryDirectory() as folder:
        sentences = tasks.read(options.train, options.sentences)
        words = (word for example in sentences for word in example.tokens)
        backbone = str(options.backbone or make_backbone(Path(folder) / "backbone", words))
        for name in options.families:
            family = FAMILIES[name]
            source = configuration(family, sentences, backbone, Path(folder), options)
            row, seconds, busy = compare(name, family, source, backbone, folder, options)
            rows.append(row)
            runs[name] = seconds
            others = max(others, busy)
            print(common.table([row]), flush=True)
    print(f"\n{len(sentences)} sentences, batches of {options.batch_size}, {options.precision}")
    common.report(options, rows, others, device=options.device, runs=runs)


def configuration(
    family: Family, sentences: list[Any], backbone: str, folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """The configuration of a family; its data is written into a folder."""
    embedder = {"model_name_or_path": backbone} if family.has_backbone else {"type": "embedding", "embedding_dim": 100}
    optimizer = {"type": "AdamW", "lr": 5e-5 if family.has_backbone else 1e-3}
    return {
        **tasks.write(family.task, sentences, folder / f"{family.task}.txt"),
        "preprocessor": {"max_length": MAX_LENGTH},
        "model": {**family.model, "embedder": embedder},
        "train": {
            "max_epochs": 1,
            "precision": options.precision,
            "dataloader": {"batch_size_per_gpu": options.batch_size},
            "optimizer": {**optimizer, "options": {"grad_clip": {"max_norm": 1.0}}},
        },
        "evaluation": None,
    }


def compare(
    name: str, family: Family, source: dict[str, Any], backbone: str, folder: str, options: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, list[float]], float]:
    """The row of a family, the seconds of every run, and the cores that other programs used."""
    loops = Loops(load_config(source), options.device)
    jobs: dict[str, common.Job] = {BARE: loops.bare, OURS: loops.ours}
    if family.has_counterpart:
        theirs = TheirTraining(
            loops.data.manager,
            backbone,
            options.batch_size,
            MAX_LENGTH,
            folder,
            of_texts=family.task == "texts",
            device=options.device,
        )
        jobs[HUGGING_FACE] = lambda: theirs.trainer_epoch(options.precision)
    timings = common.Timings().take_turns(jobs, options.repeats)
    ours = timings.row(OURS)
    row: dict[str, Any] = {
        "what": name,
        "bare loop s": timings.median(BARE),
        "ours s": ours["median s"],
        "min s": ours["min s"],
        "max s": ours["max s"],
        "of bare loop": ours["median s"] / timings.median(BARE),
    }
    if family.has_counterpart:
        their_median = timings.median(HUGGING_FACE)
        row |= {"Hugging Face s": their_median, "of Hugging Face": ours["median s"] / their_median}
    if options.memory_repeats:
        bare, our = (peak(source, side, options) for side in (BARE, OURS))
        row |= {"bare loop MiB": bare, "ours MiB": our, "memory of bare loop": our / bare}
    row["same weights"] = "yes" if loops.ended_with_same_weights() else "NO"
    return row, timings.seconds, timings.others


def peak(source: dict[str, Any], side: str, options: argparse.Namespace) -> float:
    """The median MiB that an epoch of one side takes."""
    arguments = (source, side, options.device, options.threads)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return statistics.median(pool.apply(peak_of_an_epoch, arguments) for _ in range(options.memory_repeats))


def peak_of_an_epoch(source: dict[str, Any], side: str, device: str, threads: int | None) -> float:
    """MiB that one epoch takes above what was there; run in a process of its own."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    loops = Loops(load_config(source), device)
    return peak_above(loops.ours if side == OURS else loops.bare, device)


if __name__ == "__main__":
    main()
