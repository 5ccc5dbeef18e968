"""How much of a GPU a training step uses: transformers of BERT-base's and XLM-R-large's size with a CRF, in bf16.

    python benchmarks/bench_gpu.py
    python benchmarks/bench_gpu.py --device cpu --tiny       shows that the script runs; the figures mean nothing

The weights are random, the sentences have `--length` pieces, the CRF 33 tags. A step is forward and backward pass, clipping and
the optimizer; `our trainer` is a step in an epoch of the trainer, with its loader and everything else. Utilisation is the number
of operations that the network needs, 6 N + 12 · layers · width · length for each piece (Chowdhery et al. 2022, 'PaLM',
appendix B; N without the embeddings), over what the device can do in that time: as its maker says, and as a large product of
matrices shows. The share of the CRF is what a step takes longer than one with the cross-entropy of single words in its place.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import common
import torch
from memory import peak_above
from networks import add_timer, make_backbone, now, our_epoch
from torch.nn.functional import cross_entropy

from adaseq.config import Config, load_config
from adaseq.models.assembly import build_model
from adaseq.training.build import PreparedData, prepare_data
from adaseq.training.optimizer import build_optimizer
from adaseq.training.runtime import Runtime
from adaseq.utils.tensors import to_device

_BASE = {"vocab_size": 30_522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12}
_LARGE = {"vocab_size": 250_002, "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
SIZES = {
    "BERT-base": {**_BASE, "intermediate_size": 3072},
    "XLM-R-large": {**_LARGE, "intermediate_size": 4096},
}
_TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
# 8 types in BIOES and O are 33 tags.
_TYPES = 8
_WORDS = "abcdefghijklmnopqrstuvwxyz"
# bfloat16 without sparsity, in 10^12 operations a second, as their maker states; the first name that fits counts.
PEAKS = {
    "H200": 989.5,
    "H100 PCIe": 756.0,
    "H100": 989.5,
    "A100": 312.0,
    "L40S": 362.0,
    "L40": 181.0,
    "L4": 121.0,
    "A40": 149.7,
    "A10": 125.0,
    "RTX 4090": 165.2,
    "RTX 3090": 71.0,
}
WANTED_UTILISATION, WANTED_CRF_SHARE = 0.45, 0.1
STEP, COMPILED, WORDS_ALONE, TRAINER = "step", "step, compiled", "step, cross-entropy for the CRF", "our trainer"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = common.parser(__doc__, repeats=5)
    parser.add_argument("--models", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--batch_size", type=int, default=64, help="sentences in a step (default 64)")
    parser.add_argument("--length", type=int, default=128, help="pieces in a sentence (default 128)")
    parser.add_argument("--steps", type=int, default=20, help="in each run (default 20)")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--peak_tflops", type=float, help="of the device, where it is not in the list of this script")
    parser.add_argument("--backend", default="inductor", help="of torch.compile; none leaves it out")
    parser.add_argument("--tiny", action="store_true", help="very small networks")
    parser.add_argument("-d", "--device", default="cuda")
    options = parser.parse_args(arguments)
    common.prepare(options)
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        reason = "there is no GPU that torch can use"
        print(f"nothing was measured: {reason}")
        common.report(options, [], skipped=reason)
        return
    device = torch.device(options.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    stated = options.peak_tflops or next((peak for part, peak in PEAKS.items() if part in name), None)
    reached = matmul_tflops(device, options)
    rows, others = [], 0.0
    for model in options.models:
        with tempfile.TemporaryDirectory() as folder:
            new_rows, busy = measure(model, Path(folder), stated, reached, options)
        print(common.table(new_rows), flush=True)
        rows += new_rows
        others = max(others, busy)
    facts = {"name": name, "stated TFLOP/s": stated, "product of matrices TFLOP/s": reached}
    print(", ".join(f"{key}: {value}" for key, value in facts.items()))
    wanted = {"utilisation at least": WANTED_UTILISATION, "CRF share at most": WANTED_CRF_SHARE}
    common.report(options, rows, others, device=facts, wanted=wanted)


def matmul_tflops(device: torch.device, options: argparse.Namespace) -> float:
    """What a large product of matrices reaches, in 10^12 operations a second."""
    size = 256 if options.tiny else 8192
    dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
    first, second = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(5):
        start = now(device)
        for _ in range(options.steps):
            first @ second
        best = min(best, (now(device) - start) / options.steps)
    return 2 * size**3 / best / 1e12


def measure(
    name: str, folder: Path, stated: float | None, reached: float, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], float]:
    """The rows of a model, and the cores that other programs used."""
    config = configuration(SIZES[name], folder, options)
    runtime = Runtime(options.device, options.precision)
    data = prepare_data(config, runtime)
    runtime.close()
    device = torch.device(options.device)
    model = build_model(config.model, data.preprocessor).to(device).train()
    operations = operations_of(model, options)
    steps = steps_of(model, config, first_batch(data, device, options), device, options)
    jobs = {way: many(step, device, options.steps) for way, step in steps.items()}
    timings = common.Timings().take_turns(jobs, options.repeats)
    memory = {way: peak_above(step, options.device) for way, step in steps.items() if device.type == "cuda"}
    del model, steps, jobs
    timings.take_turns({TRAINER: lambda: our_epoch(config, data, options.device)[0] / options.steps}, options.repeats)
    rows = []
    for way in timings.seconds:
        seconds = timings.median(way)
        achieved = operations / seconds / 1e12
        row: dict[str, Any] = {
            **timings.row(way),
            "what": f"{name}: {way}",
            "pieces/s": round(options.batch_size * options.length / seconds),
            "TFLOP/s": achieved,
            "utilisation": achieved / stated if stated else None,
            "of product of matrices": achieved / reached,
            "CRF share": 1 - timings.median(WORDS_ALONE) / seconds if way == STEP else None,
            "peak MiB": memory.get(way),
        }
        rows.append(row)
    return rows, timings.others


def configuration(size: dict[str, int], folder: Path, options: argparse.Namespace) -> Config:
    """One epoch over sentences of random words, each of which is a piece."""
    draw = random.Random(42)
    train = folder / "train.conll"
    tags = ["O", *(f"B-T{number}" for number in range(_TYPES))]
    with train.open("w", encoding="utf-8") as file:
        for _ in range(options.batch_size * options.steps):
            # Two pieces stand around the words.
            words = draw.choices(_WORDS, k=options.length - 2)
            file.writelines(f"{word}\t{draw.choice(tags)}\n" for word in words)
            file.write("\n")
    backbone = make_backbone(folder, _WORDS, {**size, **_TINY} if options.tiny else size, has_weights=False)
    source = {
        "task": "named-entity-recognition",
        "dataset": {"data_file": {"train": str(train)}, "data_type": "conll"},
        "model": {"embedder": {"model_name_or_path": str(backbone), "load_weights": False}, "dropout": 0.1},
        "preprocessor": {"max_length": options.length},
        "train": {
            "max_epochs": 1,
            "precision": options.precision,
            "dataloader": {"batch_size_per_gpu": options.batch_size},
            "optimizer": {"type": "AdamW", "lr": 2e-5, "options": {"grad_clip": {"max_norm": 1.0}}},
        },
        "evaluation": None,
    }
    return add_timer(load_config(source))


def first_batch(data: PreparedData, device: torch.device, options: argparse.Namespace) -> Any:
    """A batch on the device."""
    return to_device(data.collator([data.splits["train"][index] for index in range(options.batch_size)]), device)


def operations_of(model: Any, options: argparse.Namespace) -> float:
    """The operations that a step needs."""
    backbone = model.embedder.transformer_model
    weights = sum(each.numel() for each in backbone.encoder.parameters()) + model.linear.weight.numel()
    attention = 12 * backbone.config.num_hidden_layers * backbone.config.hidden_size * options.length
    return float(options.batch_size * options.length * (6 * weights + attention))


def steps_of(
    model: Any, config: Config, batch: Any, device: torch.device, options: argparse.Namespace
) -> dict[str, Callable[[], None]]:
    """The steps that take turns, all of the same network and optimizer."""
    optimizer = build_optimizer(config.train.optimizer, model)
    parameters = list(model.parameters())

    def step(loss_of: Callable[[], torch.Tensor]) -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
            loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def of_single_words() -> torch.Tensor:
        scores, mask = model.emissions(batch)
        return cross_entropy(scores[mask].float(), batch["label_ids"][mask])

    steps = {STEP: lambda: step(lambda: model(batch)["loss"]), WORDS_ALONE: lambda: step(of_single_words)}
    if options.backend != "none":
        compiled = torch.compile(model, backend=options.backend)
        steps[COMPILED] = lambda: step(lambda: compiled(batch)["loss"])
    return steps


def many(step: Callable[[], None], device: torch.device, count: int) -> common.Job:
    """A job that returns the seconds of one step among many."""

    def job() -> float:
        start = now(device)
        for _ in range(count):
            step()
        return (now(device) - start) / count

    return job


if __name__ == "__main__":
    main()
