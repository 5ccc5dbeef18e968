"""Time our CRF against pytorch-crf: loss with backward pass, and Viterbi decoding.

    python benchmarks/crf.py                     one shape (B 32, L 128, K 33)
    python benchmarks/crf.py --sweep             L from 16 to 512, K from 5 to 100
    python benchmarks/crf.py --output crf.json   also write the figures

The two implementations take turns, so that whatever else the machine does meets both; the figures are medians and the
ratio is theirs. `--varied` draws sentence lengths between 1 and L instead of taking L for all.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torchcrf

from adaseq.modules.decoders import CRF

LENGTHS = (16, 64, 128, 512)
NUM_TAGS = (5, 33, 100)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--num-tags", type=int, default=33)
    parser.add_argument("--sweep", action="store_true", help="all pairs of several lengths and numbers of tags")
    parser.add_argument("--varied", action="store_true", help="sentences of random length")
    parser.add_argument("--repeats", type=int, default=15, help="timed runs of each implementation")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args(arguments)

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    shapes = [(length, tags) for length in LENGTHS for tags in NUM_TAGS]
    results = []
    print(f"{'what':<16}{'B':>4}{'L':>5}{'K':>5}{'pytorch-crf ms':>16}{'ours ms':>10}{'ratio':>8}", flush=True)
    for length, num_tags in shapes if options.sweep else [(options.length, options.num_tags)]:
        for result in compare(options, length, num_tags):
            results.append(result)
            print(
                f"{result['what']:<16}{result['batch_size']:>4}{length:>5}{num_tags:>5}{result['theirs_ms']:>16.2f}"
                f"{result['ours_ms']:>10.2f}{result['ratio']:>7.1f}x",
                flush=True,
            )
    if options.output:
        report = {"torch": torch.__version__, "threads": options.threads, "device": options.device, "results": results}
        options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def compare(options: argparse.Namespace, length: int, num_tags: int) -> list[dict]:
    """Time both jobs at one shape."""
    device = torch.device(options.device)
    theirs, ours = torchcrf.CRF(num_tags, batch_first=True).to(device), CRF(num_tags, batch_first=True).to(device)
    ours.load_state_dict(theirs.state_dict())
    shape = (options.batch_size, length)
    emissions = torch.randn(*shape, num_tags, device=device)
    tags = torch.randint(num_tags, shape, device=device)
    lengths = torch.randint(1, length + 1, shape[:1]) if options.varied else torch.full(shape[:1], length)
    lengths[0] = length
    mask = (torch.arange(length) < lengths.unsqueeze(1)).to(device)

    def train(crf: torch.nn.Module) -> Callable[[], object]:
        leaf = emissions.clone().requires_grad_()

        def step() -> None:
            crf.zero_grad()
            leaf.grad = None
            (-crf(leaf, tags, mask, reduction="mean")).backward()

        return step

    def decode(crf: torch.nn.Module) -> Callable[[], object]:
        return torch.no_grad()(lambda: crf.decode(emissions, mask))

    results = []
    for what, job in (("loss + backward", train), ("decode", decode)):
        theirs_ms, ours_ms = medians((job(theirs), job(ours)), options.repeats, device)
        sizes = {"batch_size": shape[0], "length": length, "num_tags": num_tags, "varied": options.varied}
        figures = {"theirs_ms": theirs_ms, "ours_ms": ours_ms, "ratio": theirs_ms / ours_ms}
        results.append({"what": what, **sizes, **figures})
    return results


def medians(jobs: Sequence[Callable[[], object]], repeats: int, device: torch.device) -> list[float]:
    """Median milliseconds of each job, run in turns after a warm-up."""
    times: list[list[float]] = [[] for _ in jobs]
    for repeat in range(-2, repeats):
        for job, record in zip(jobs, times, strict=True):
            start = time.perf_counter()
            job()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if repeat >= 0:
                record.append((time.perf_counter() - start) * 1000)
    return [statistics.median(record) for record in times]


if __name__ == "__main__":
    main()
