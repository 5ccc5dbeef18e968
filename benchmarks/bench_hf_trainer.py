"""Time one epoch of our trainer (transformer + CRF) against Hugging Face's `Trainer` (token classification).

    python benchmarks/bench_hf_trainer.py --train TRAIN.conll --backbone FOLDER

Both fine-tune the same backbone on all sentences of a CoNLL file, with batches of the same size, on the CPU. Ours takes its
defaults; theirs too: dynamic padding, no grouping by length, AdamW as it comes; tokenised beforehand, nothing saved, logged
or evaluated. `bare loop` is their network in a loop of PyTorch with batches grouped by length and a fused AdamW. The claims
are ratios of medians. Without `--train` and `--backbone` the demo's corpus and a random network of MiniLM's size are taken.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
import torch
from networks import add_timer, make_backbone, now, our_epoch
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    get_linear_schedule_with_warmup,
)

from adaseq.config import load_config
from adaseq.data.batching import BatchSampler
from adaseq.data.dataset_manager import DatasetManager
from adaseq.data.tags import tag_inventory
from adaseq.training.build import prepare_data
from adaseq.training.runtime import Runtime
from adaseq.utils.tag_schemes import spans_to_tags

CPU = torch.device("cpu")
LEARNING_RATE = 5e-5


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


class TheirTraining:
    """Token classification with transformers alone.

    Args:
        manager: the data.
        backbone: the folder of the transformer.
        batch_size: sentences in a batch.
        max_length: pieces of a sentence.
        folder: for what their trainer may write.
    """

    def __init__(self, manager: DatasetManager, backbone: str, batch_size: int, max_length: int, folder: str) -> None:
        self.backbone, self.batch_size, self.folder = backbone, batch_size, folder
        self.tags = tag_inventory(manager.labels, "BIO")
        tokenizer = AutoTokenizer.from_pretrained(backbone)
        self.collator = DataCollatorForTokenClassification(tokenizer)
        self.features = []
        for example in manager.splits["train"]:
            encoded = tokenizer(example.tokens, is_split_into_words=True, truncation=True, max_length=max_length)
            tags = spans_to_tags(example.spans, len(example.tokens), "BIO")
            places = encoded.word_ids()
            labels = [
                -100 if word is None or (i and places[i - 1] == word) else self.tags.index(tags[word])
                for i, word in enumerate(places)
            ]
            self.features.append({**encoded, "labels": labels})

    def trainer_epoch(self, precision: str) -> float:
        """One epoch of their trainer; its seconds from the beginning of the epoch to its end."""
        clock = _Clock()
        arguments = TrainingArguments(
            output_dir=self.folder,
            per_device_train_batch_size=self.batch_size,
            num_train_epochs=1,
            learning_rate=LEARNING_RATE,
            bf16=precision == "bf16",
            use_cpu=True,
            save_strategy="no",
            eval_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = Trainer(self._model(), arguments, self.collator, self.features, callbacks=[clock])
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return clock.seconds

    def bare_epoch(self, precision: str) -> float:
        """One epoch of their network in a loop, with batches grouped by length and a fused AdamW."""
        model = self._model().train()
        lengths = [len(each["input_ids"]) for each in self.features]
        sampler = BatchSampler(lengths, self.batch_size, shuffle=True, seed=42)
        optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
        schedule = get_linear_schedule_with_warmup(optimizer, 0, len(sampler))
        is_bf16 = precision == "bf16"
        start = now(CPU)
        for numbers in sampler:
            batch = self.collator([self.features[i] for i in numbers])
            with torch.autocast("cpu", torch.bfloat16) if is_bf16 else contextlib.nullcontext():
                loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
        return now(CPU) - start

    def _model(self) -> Any:
        torch.manual_seed(42)
        return AutoModelForTokenClassification.from_pretrained(self.backbone, num_labels=len(self.tags))


class _Clock(TrainerCallback):
    """Seconds of an epoch of their trainer."""

    seconds = 0.0

    def on_epoch_begin(self, *arguments: Any, **more: Any) -> None:
        self.seconds = -now(CPU)

    def on_epoch_end(self, *arguments: Any, **more: Any) -> None:
        self.seconds += now(CPU)


if __name__ == "__main__":
    main()
