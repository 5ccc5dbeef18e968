"""What building blocks around a backbone cost: memory of a training step, and epochs over a frozen backbone.

    python benchmarks/bench_backbone.py --train TRAIN --backbone BACKBONE --length 256 --batch_size 32

Memory is the peak above what the process held before, in a process of its own for each way of training: of one step (forward
and backward), which is activations above all; and of training from its first step on, with gradients and AdamW's moments. An
epoch is timed from inside the training, without start-up.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
from pathlib import Path
from typing import Any

from common import DEMO_CORPUS, parser, prepare, report
from memory import peak_above

WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "gradient checkpointing": {"gradient_checkpointing": True},
    "lower half frozen": {"freeze_layers": "half"},
    "LoRA": {"peft": {"type": "lora", "r": 8, "target_modules": ["query", "value"]}},
}


def peak_of(
    work: str, backbone: str, length: int, batch_size: int, options: dict[str, Any], threads: int | None
) -> float:
    """MiB that a `step`, or `training`, takes above what was there; run in a process of its own."""
    import torch

    from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder

    if threads is not None:
        torch.set_num_threads(threads)
    if options.get("freeze_layers") == "half":
        layers = TransformerEmbedder(backbone, load_weights=False).config.num_hidden_layers
        options = {**options, "freeze_layers": layers // 2}
    embedder = TransformerEmbedder(backbone, **options).train()
    places = torch.arange(length).expand(batch_size, length)
    tokens = {
        "input_ids": places % 7,
        "attention_mask": torch.ones(batch_size, length, dtype=torch.bool),
        "first_piece": places,
        "last_piece": places,
    }

    def step(batch: dict[str, Any]) -> None:
        embedder(batch).square().mean().backward()

    def train() -> None:
        optimizer = torch.optim.AdamW(each for each in embedder.parameters() if each.requires_grad)
        for _ in range(2):
            step(tokens)
            optimizer.step()
            optimizer.zero_grad()

    # What libraries allocate once is there before; for a step, the gradients too.
    step({name: value[:1, :8] for name, value in tokens.items()})
    if work == "step":
        return peak_above(lambda: step(tokens))
    embedder.zero_grad()
    return peak_above(train)


def epochs_over_frozen(options: argparse.Namespace, backbone: str, storage: str) -> list[float]:
    """The seconds of each epoch of a CRF over a frozen backbone."""
    from networks import add_timer

    from adaseq.config import load_config
    from adaseq.training.build import build_trainer, prepare_data
    from adaseq.training.runtime import Runtime

    embedder = {"model_name_or_path": backbone, "train_parameters": False, "storage": storage}
    config = load_config(
        {
            "task": "named-entity-recognition",
            "dataset": {"data_type": "conll", "data_file": {"train": str(options.train)}},
            "model": {"type": "sequence-labeling-model", "embedder": embedder},
            "train": {"max_epochs": options.epochs},
            "evaluation": None,
        }
    )
    config = add_timer(config)
    runtime = Runtime("cpu", config.train.precision)
    try:
        with tempfile.TemporaryDirectory() as folder:
            trainer = build_trainer(config, prepare_data(config, runtime), runtime, Path(folder))
            trainer.run()
    finally:
        runtime.close()
    timer: Any = next(hook for hook in trainer.hooks if type(hook).__name__ == "EpochTimer")
    return list(timer.seconds)


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__, repeats=3)
    arguments.add_argument("--train", type=Path, default=DEMO_CORPUS / "train.txt", help="a CoNLL file")
    arguments.add_argument("--backbone", help="folder of a backbone (default: one of MiniLM's size, random)")
    arguments.add_argument("--length", type=int, default=256, help="pieces in a sentence (default 256)")
    arguments.add_argument("--batch_size", type=int, default=32, help="sentences in a batch (default 32)")
    arguments.add_argument("--epochs", type=int, default=4, help="epochs over the frozen backbone (default 4)")
    arguments.add_argument("--storage", default="cpu", choices=["cpu", "disk"], help="where vectors are kept")
    options = arguments.parse_args()
    prepare(options)
    with tempfile.TemporaryDirectory() as folder:
        backbone = options.backbone
        if backbone is None:
            from networks import make_backbone

            words = {line.split()[0] for line in options.train.read_text(encoding="utf-8").splitlines() if line.strip()}
            backbone = str(make_backbone(Path(folder), words))
        rows = [*_memory_rows(options, backbone), *_epoch_rows(options, backbone)]
        report(options, rows)


def _memory_rows(options: argparse.Namespace, backbone: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name, way in WAYS.items():
            step = (backbone, options.length, options.batch_size, way, options.threads)
            row: dict[str, Any] = {"what": name}
            for work in ("step", "training"):
                row[f"{work} MiB"] = statistics.median(
                    pool.apply(peak_of, (work, *step)) for _ in range(options.repeats)
                )
            rows.append(row)
    for row in rows:
        row.update({f"{work} of plain": row[f"{work} MiB"] / rows[0][f"{work} MiB"] for work in ("step", "training")})
    return rows


def _epoch_rows(options: argparse.Namespace, backbone: str) -> list[dict[str, Any]]:
    rows = []
    for storage in ("none", options.storage):
        seconds = epochs_over_frozen(options, backbone, storage)
        later = statistics.median(seconds[1:])
        row = {"what": f"frozen, storage: {storage}", "first epoch s": seconds[0], "later epochs s": later}
        rows.append({**row, "of first": later / seconds[0]})
    return rows


if __name__ == "__main__":
    main()
