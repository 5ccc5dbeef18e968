"""Time one epoch of our trainer against the identical model in a bare PyTorch loop on the same batches.

    python benchmarks/bench_training_loop.py                                  the demo
    python benchmarks/bench_training_loop.py -c CONFIG --set KEY=VALUE …      any configuration

Both take the same features, the same order of batches, the same optimizer, clipping and schedule, and must end with the
same weights. The claim is the ratio of the medians. `bare loop, batches ready` has all batches in memory before its clock
starts: what is between it and `bare loop` is the loading of batches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

import common
import torch
from networks import add_timer, now, our_epoch
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader

from adaseq.config import Config, load_config
from adaseq.models.assembly import build_model
from adaseq.training.build import PreparedData, prepare_data
from adaseq.training.optimizer import build_optimizer
from adaseq.training.runtime import Runtime
from adaseq.training.schedule import build_schedule
from adaseq.utils.seed import set_seed
from adaseq.utils.tensors import to_device

OURS, BARE, READY = "our trainer", "bare loop", "bare loop, batches ready"
Weights = dict[str, torch.Tensor]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = common.parser(__doc__, repeats=5)
    parser.add_argument("-c", "--config_path", default="demo.yaml", help="the configuration (default: the demo's)")
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="override its values"
    )
    parser.add_argument("-d", "--device", default="cpu")
    options = parser.parse_args(arguments)
    common.prepare(options)

    config = add_timer(load_config(options.config_path, [*options.set, "train.max_epochs=1"]))
    if config.train.precision not in ("fp32", "bf16"):
        parser.error(
            f"the bare loop has no loss scaling: train.precision is {config.train.precision}; take fp32 or bf16"
        )
    runtime = Runtime(options.device)
    data = prepare_data(config, runtime)
    runtime.close()
    weights: dict[str, Weights] = {}
    sampler: Any = None

    def ours() -> float:
        nonlocal sampler
        seconds, trainer = our_epoch(config, data, options.device)
        weights[OURS] = trainer.model.state_dict()
        sampler = trainer.batches.sampler
        return seconds

    def bare() -> float:
        sampler.set_epoch(0)
        # With a generator of its own the loader leaves alone the one that dropout draws from.
        generator = torch.Generator()
        loader = DataLoader(_Features(data), batch_sampler=sampler, collate_fn=data.collator, generator=generator)
        seconds, weights[BARE] = bare_epoch(config, data, loader, len(sampler), runtime.device)
        return seconds

    def ready() -> float:
        sampler.set_epoch(0)
        batches = [data.collator([data.splits["train"][i] for i in numbers]) for numbers in sampler]
        return bare_epoch(config, data, batches, len(sampler), runtime.device)[0]

    ours()  # makes the sampler
    timings = common.Timings().take_turns({OURS: ours, BARE: bare, READY: ready}, options.repeats)
    rows = [
        {**timings.row(name), "of bare loop": timings.median(name) / timings.median(BARE)}
        for name in (BARE, OURS, READY)
    ]
    is_same = all(torch.equal(value, weights[BARE][name]) for name, value in weights[OURS].items())
    print(f"{len(data.splits['train'])} examples, {len(sampler)} batches, {config.train.precision}")
    common.report(options, rows, timings.others, same_weights=is_same)
    print(f"weights after the epoch: {'equal, bit for bit' if is_same else 'NOT equal: these are two trainings'}")


def bare_epoch(
    config: Config, data: PreparedData, batches: Iterable[Any], num_batches: int, device: torch.device
) -> tuple[float, Weights]:
    """Train a new model for one epoch, in a loop with nothing else in it.

    Returns:
        The seconds, and the weights.
    """
    set_seed(config.experiment.seed)
    model = build_model(config.model, data.preprocessor).to(device)
    optimizer = build_optimizer(config.train.optimizer, model)
    trained = [each for group in optimizer.param_groups for each in group["params"]]
    options = config.train.optimizer.get("options") or {}
    accumulation = int(options.get("cumulative_iters") or 1)
    clip = options.get("grad_clip")
    schedule = build_schedule(config.train.lr_scheduler, optimizer, -(-num_batches // accumulation), 1)
    is_bf16 = config.train.precision == "bf16"
    model.train()
    start = now(device)
    for number, batch in enumerate(batches, 1):
        first = (number - 1) // accumulation * accumulation
        with torch.autocast(device.type, torch.bfloat16) if is_bf16 else contextlib.nullcontext():
            loss = model(to_device(batch, device))["loss"]
        (loss / min(accumulation, num_batches - first)).backward()
        if number % accumulation == 0 or number == num_batches:
            if clip:
                clip_grad_norm_(trained, clip["max_norm"], clip.get("norm_type", 2.0))
            optimizer.step()
            schedule.after_update()
            optimizer.zero_grad(set_to_none=True)
    return now(device) - start, model.state_dict()


class _Features:
    """The training features, as a DataLoader asks for them."""

    def __init__(self, data: PreparedData) -> None:
        self._train = data.splits["train"]

    def __getitem__(self, index: int) -> Any:
        return self._train[index]

    def __len__(self) -> int:
        return len(self._train)


if __name__ == "__main__":
    main()
