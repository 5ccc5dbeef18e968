"""Time the divergence of two views under a CRF against the two CRF losses that it stands beside.

    python benchmarks/bench_crf_kl.py               one shape: 32 sentences of 128 words, 33 tags
    python benchmarks/bench_crf_kl.py --sweep       16 to 512 words, 5 to 100 tags
    python benchmarks/bench_crf_kl.py --varied      sentences of 1 to 128 words, padded

Each is timed with its gradients for the emissions and the parameters. `ratio` is the divergence over the sum of the two
losses; `whole` is all that a model with two views learns from, the two losses and the divergence, over the same sum.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import common
import torch
from bench_crf import repeated, run, shape_parser
from torch import Tensor

from adaseq.modules.decoders import CRF
from adaseq.utils.memory import keep_memory

Losses = Callable[[CRF, Tensor, Tensor, Tensor, Tensor], Tensor]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    keep_memory()  # as a training does
    run(shape_parser(__doc__), compare, arguments)


def compare(options: argparse.Namespace, length: int, num_tags: int) -> tuple[list[dict[str, Any]], float]:
    """Time everything at one shape: the row of the table, and the cores that other programs used."""
    torch.manual_seed(0)
    device = torch.device(options.device)
    crf = CRF(num_tags, batch_first=True).to(device)
    shape = (options.batch_size, length)
    lengths = torch.randint(1, length + 1, shape[:1]) if options.varied else torch.full(shape[:1], length)
    lengths[0] = length
    mask = (torch.arange(length) < lengths.unsqueeze(1)).to(device)
    views = [torch.randn(*shape, num_tags, device=device) for _ in range(2)]
    tags = torch.randint(num_tags, shape, device=device)
    calls = {name: step(crf, views, tags, mask, losses) for name, losses in LOSSES.items()}
    jobs = {name: repeated(call, options.seconds, device) for name, call in calls.items()}
    timings = common.Timings().take_turns(jobs, options.repeats)
    ms = {name: timings.median(name) * 1000 for name in calls}
    sizes = {"B": shape[0], "L": length, "K": num_tags}
    ratios = {"ratio": ms["divergence"] / ms["losses"], "whole": ms["both"] / ms["losses"]}
    columns = {f"{name} ms": value for name, value in ms.items()}
    return [{"what": "crf_kl", **sizes, **columns, **ratios}], timings.others


def step(crf: CRF, views: Sequence[Tensor], tags: Tensor, mask: Tensor, losses: Losses) -> Callable[[], None]:
    """A loss, and its gradients for the emissions and the parameters."""
    with_context, without = (view.clone().requires_grad_() for view in views)

    def call() -> None:
        crf.zero_grad()
        with_context.grad = without.grad = None
        losses(crf, with_context, without, tags, mask).backward()

    return call


def both_losses(crf: CRF, with_context: Tensor, without: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
    """The losses of both views."""
    return -crf(with_context, tags, mask, reduction="mean") - crf(without, tags, mask, reduction="mean")


def divergence(crf: CRF, with_context: Tensor, without: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
    """How far the view without context is from the other one."""
    return crf.divergence(without, with_context, mask, "mean")


def everything(crf: CRF, with_context: Tensor, without: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
    """What a model with two views learns from, computed as it does it."""
    both, twice = torch.cat([with_context, without]), (torch.cat([tags, tags]), torch.cat([mask, mask]))
    return -2 * crf(both, *twice, reduction="mean") + divergence(crf, with_context, without, tags, mask)


LOSSES: dict[str, Losses] = {"losses": both_losses, "divergence": divergence, "both": everything}


if __name__ == "__main__":
    main()
