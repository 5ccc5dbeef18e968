"""Time one epoch of our trainer (transformer + CRF) against Hugging Face's `Trainer` (token classification).

    python benchmarks/bench_hf_trainer.py --train TRAIN.conll --backbone FOLDER

Both fine-tune the same backbone on all sentences of a CoNLL file, with batches of the same size, on the CPU. Ours takes its
defaults; theirs too: dynamic padding, no grouping by length, AdamW as it comes; tokenised beforehand, nothing saved, logged
or evaluated. `bare loop` is their network in a loop of PyTorch with batches grouped by length and a fused AdamW. The claims
are ratios of medians. Without `--train` and `--backbone` the demo's corpus and a random network of MiniLM's size are taken.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
from networks import add_timer, make_backbone, our_epoch
from their_training import LEARNING_RATE, TheirTraining

from adaseq.config import load_config
from adaseq.data.dataset_manager import DatasetManager
from adaseq.training.build import prepare_data
from adaseq.training.runtime import Runtime


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = common.parser(__doc__, repeats=3)
    parser.add_argument(
        "--train", type=Path, default=common.DEMO_CORPUS / "train.txt", help="sentences in CoNLL columns"
    )
    parser.add_argument("--backbone", type=Path, help="a folder with a transformer and its tokenizer")
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--max_length", type=int, default=128, help="pieces of a sentence")
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16"), default=["fp32", "bf16"])
    options = parser.parse_args(arguments)
    common.prepare(options)

    with tempfile.TemporaryDirectory() as folder:
        dataset = {"data_file": {"train": str(options.train)}, "data_type": "conll"}
        manager = DatasetManager.from_config(dataset, "named-entity-recognition", has_evaluation=False)
        words = (word for example in manager.splits["train"] for word in example.tokens)
        backbone = str(options.backbone or make_backbone(Path(folder) / "backbone", words))
        theirs = TheirTraining(manager, backbone, options.batch_size, options.max_length, folder)
        jobs: dict[str, common.Job] = {}
        for precision in options.precisions:
            jobs[f"Hugging Face {precision}"] = lambda p=precision: theirs.trainer_epoch(p)
            jobs[f"ours {precision}"] = our_job(dataset, backbone, precision, options)
            jobs[f"bare loop {precision}"] = lambda p=precision: theirs.bare_epoch(p)
        timings = common.Timings().take_turns(jobs, options.repeats, warm_up=False)

    rows = []
    for name in jobs:
        ratios = {
            f"of Hugging Face {precision}": timings.median(name) / timings.median(f"Hugging Face {precision}")
            for precision in options.precisions
        }
        rows.append({**timings.row(name), **ratios})
    print(f"{len(theirs.features)} sentences, batches of {options.batch_size}, at most {options.max_length} pieces")
    common.report(options, rows, timings.others)


def our_job(dataset: dict[str, Any], backbone: str, precision: str, options: Any) -> common.Job:
    """One epoch of our trainer with its defaults."""
    config = load_config(
        {
            "task": "named-entity-recognition",
            "dataset": dataset,
            "preprocessor": {"max_length": options.max_length},
            "model": {"embedder": {"model_name_or_path": backbone}, "use_crf": True},
            "train": {
                "max_epochs": 1,
                "precision": precision,
                "dataloader": {"batch_size_per_gpu": options.batch_size},
                "optimizer": {"type": "AdamW", "lr": LEARNING_RATE, "param_groups": [{"regex": "crf", "lr": 5e-2}]},
            },
            "evaluation": None,
        }
    )
    add_timer(config)
    runtime = Runtime("cpu")
    data = prepare_data(config, runtime)
    runtime.close()
    return lambda: our_epoch(config, data, "cpu")[0]


if __name__ == "__main__":
    main()
