"""Time one epoch of our trainer against the identical model in a bare PyTorch loop on the same batches.

    python benchmarks/bench_training_loop.py                                  the demo
    python benchmarks/bench_training_loop.py -c CONFIG --set KEY=VALUE …      any configuration

Both take the same features, the same order of batches, the same optimizer, clipping and schedule, and must end with the
same weights. The claim is the ratio of the medians. `bare loop, batches ready` has all batches in memory before its clock
starts: what is between it and `bare loop` is the loading of batches.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import common
import torch
from networks import add_timer, now, our_epoch
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader

from adaseq.config import Config, load_config
from adaseq.models.assembly import build_model
from adaseq.modules.quick_dropout import quicken_dropout
from adaseq.training.build import PreparedData, build_trainer, prepare_data
from adaseq.training.optimizer import build_optimizer
from adaseq.training.runtime import Runtime
from adaseq.training.schedule import build_schedule
from adaseq.training.weight_average import WeightAverage
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

    config = load_config(options.config_path, [*options.set, "train.max_epochs=1"])
    if config.train.precision not in ("fp32", "bf16"):
        parser.error(
            f"the bare loop has no loss scaling: train.precision is {config.train.precision}; take fp32 or bf16"
        )
    loops = Loops(config, options.device)
    timings = common.Timings().take_turns(
        {OURS: loops.ours, BARE: loops.bare, READY: loops.bare_with_batches_ready}, options.repeats
    )
    rows = [
        {**timings.row(name), "of bare loop": timings.median(name) / timings.median(BARE)}
        for name in (BARE, OURS, READY)
    ]
    is_same = loops.ended_with_same_weights()
    print(f"{len(loops.data.splits['train'])} examples, {len(loops.sampler)} batches, {config.train.precision}")
    common.report(options, rows, timings.others, same_weights=is_same)
    print(f"weights after the epoch: {'equal, bit for bit' if is_same else 'NOT equal: these are two trainings'}")


class Loops:
    """One epoch of one configuration, in our trainer and in a bare loop.

    Args:
        config: with one epoch, in fp32 or bf16.
        device: where to train.
    """

    def __init__(self, config: Config, device: str) -> None:
        self.config, self._device = add_timer(config), device
        runtime = Runtime(device)
        self.data = prepare_data(self.config, runtime)
        self.device = runtime.device
        with tempfile.TemporaryDirectory() as folder:
            self.sampler = build_trainer(self.config, self.data, runtime, Path(folder)).batches.sampler
        runtime.close()
        self._weights: dict[str, Weights] = {}

    def ours(self) -> float:
        """The seconds of an epoch of our trainer."""
        seconds, trainer = our_epoch(self.config, self.data, self._device)
        self._weights[OURS] = trainer.model.state_dict()
        return seconds

    def bare(self) -> float:
        """The seconds of an epoch of the bare loop."""
        self.sampler.set_epoch(0)
        # With a generator of its own the loader leaves alone the one that dropout draws from.
        generator = torch.Generator()
        features = _Features(self.data)
        loader = DataLoader(features, batch_sampler=self.sampler, collate_fn=self.data.collator, generator=generator)
        seconds, self._weights[BARE] = bare_epoch(self.config, self.data, loader, len(self.sampler), self.device)
        return seconds

    def bare_with_batches_ready(self) -> float:
        """The same with all batches in memory before the clock starts."""
        self.sampler.set_epoch(0)
        train = self.data.splits["train"]
        batches = [self.data.collator([train[i] for i in numbers]) for numbers in self.sampler]
        return bare_epoch(self.config, self.data, batches, len(self.sampler), self.device)[0]

    def ended_with_same_weights(self) -> bool:
        """Whether both ended with the same weights, bit for bit."""
        ours, bare = self._weights[OURS], self._weights[BARE]
        return all(torch.equal(value, bare[name]) for name, value in ours.items())


def bare_epoch(
    config: Config, data: PreparedData, batches: Iterable[Any], num_batches: int, device: torch.device
) -> tuple[float, Weights]:
    """Train a new model for one epoch, in a loop with nothing else in it.

    Returns:
        The seconds, and the weights.
    """
    set_seed(config.experiment.seed)
    model = build_model(config.model, data.preprocessor).to(device)
    if device.type == "cpu":
        quicken_dropout(model)  # the network is the same, down to what it drops
    optimizer = build_optimizer(config.train.optimizer, model)
    trained = [each for group in optimizer.param_groups for each in group["params"]]
    options = config.train.optimizer.get("options") or {}
    accumulation = int(options.get("cumulative_iters") or 1)
    clip = options.get("grad_clip")
    schedule = build_schedule(config.train.lr_scheduler, optimizer, -(-num_batches // accumulation), 1)
    is_bf16 = config.train.precision == "bf16"
    average = WeightAverage(model, config.train.ema_decay) if config.train.ema_decay is not None else None
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
            if average is not None:
                average.update()
            optimizer.zero_grad(set_to_none=True)
    if average is not None:
        average.apply()
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
