"""Train a text classifier with Hugging Face's `Trainer` as a configuration of ours says, and score it as we score ours.

    python benchmarks/hf_text_classification.py -c benchmarks/configs/cola.yaml --train TRAIN --test TEST --backbone FOLDER

The texts, the batch size, the number of epochs, the learning rate with its warm-up, the weight decay and the clipping are those
of the configuration; network, tokenisation and loop are theirs (`AutoModelForSequenceClassification`). The last weights are
scored on the test data, as ours are with `evaluation: null`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
import numpy as np
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from adaseq.config import Config, load_config
from adaseq.data.dataset_manager import DatasetManager
from adaseq.metrics.text_classification import TextClassificationMetric


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and score as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-c", "--config_path", required=True)
    parser.add_argument("--train", type=Path, required=True, help="dataset.data_file.train")
    parser.add_argument("--test", type=Path, required=True, help="dataset.data_file.test")
    parser.add_argument("--backbone", required=True, help="a folder with a transformer and its tokenizer")
    parser.add_argument("--seeds", nargs="+", type=int, default=[42, 43, 44])
    parser.add_argument("--metric", default="matthews", help="which score to show")
    parser.add_argument("-d", "--device", default="cpu", choices=("cpu", "gpu"))
    parser.add_argument("--output", type=Path, help="write the scores to this JSON file, or into this folder")
    options = parser.parse_args(arguments)
    files = {"train": str(options.train.absolute()), "test": str(options.test.absolute())}
    overrides = [f"dataset.data_file={json.dumps(files)}", f"model.embedder.model_name_or_path={options.backbone}"]
    config = load_config(options.config_path, overrides)
    data = DatasetManager.from_config(config.dataset, config.task, base_dirs=config.base_dirs, has_evaluation=False)
    runs = []
    for seed in options.seeds:
        runs.append({"seed": seed, "test": train(config, data, options.backbone, seed, options.device == "cpu")})
        print(f"seed {seed}: test {runs[-1]['test'][options.metric]:.4f}", flush=True)
    scores = [run["test"][options.metric] for run in runs]
    row = {
        "variant": "transformers",
        **{f"seed {run['seed']}": f"{run['test'][options.metric]:.4f}" for run in runs},
        f"test {options.metric}": f"{statistics.mean(scores):.4f}",
        "±": f"{statistics.stdev(scores):.4f}" if len(scores) > 1 else None,
    }
    common.report(options, [row], metric=options.metric, runs=runs)


def train(config: Config, data: DatasetManager, backbone: str, seed: int, use_cpu: bool) -> dict[str, Any]:
    """One training; its scores on the test data."""
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(backbone)
    model = AutoModelForSequenceClassification.from_pretrained(backbone, num_labels=len(data.labels))
    encoded = {
        split: [
            {**tokenizer(example.text, truncation=True), "labels": data.labels.index(example.fields["label"])}
            for example in data.splits[split]
        ]
        for split in ("train", "test")
    }
    optimizer: dict[str, Any] = config.train.optimizer
    clip = (optimizer.get("options") or {}).get("grad_clip") or {}
    batch_size = config.train.dataloader.batch_size_per_gpu
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=batch_size,
            per_device_eval_batch_size=64,
            num_train_epochs=config.train.max_epochs,
            learning_rate=optimizer["lr"],
            weight_decay=optimizer["weight_decay"],
            max_grad_norm=clip.get("max_norm", 0.0),
            lr_scheduler_type=config.train.lr_scheduler["type"],
            warmup_steps=_warmup_steps(config, len(encoded["train"]), batch_size),
            seed=seed,
            use_cpu=use_cpu,
            save_strategy="no",
            eval_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = Trainer(model, arguments, DataCollatorWithPadding(tokenizer), encoded["train"])
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        best = np.argmax(trainer.predict(encoded["test"]).predictions, -1)
    metric = TextClassificationMetric()
    predictions = ({"labels": [data.labels[number]]} for number in best)
    return metric.compute([metric.measure(*pair) for pair in zip(data.splits["test"], predictions, strict=True)])


def _warmup_steps(config: Config, examples: int, batch_size: int) -> int:
    steps = -(-examples // batch_size) * config.train.max_epochs
    return int(steps * (config.train.lr_scheduler.get("warmup_rate") or 0.0))


if __name__ == "__main__":
    main()
