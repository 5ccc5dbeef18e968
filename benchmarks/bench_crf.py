"""Time our CRF against pytorch-crf: the loss with its gradients, and Viterbi decoding without.

    python benchmarks/bench_crf.py               one shape: 32 sentences of 128 words, 33 tags
    python benchmarks/bench_crf.py --sweep       16 to 512 words, 5 to 100 tags
    python benchmarks/bench_crf.py --length 64 256 --num-tags 9 65       all pairs of these
    python benchmarks/bench_crf.py --varied      sentences of 1 to 128 words, padded

Both have the same weights and inputs. The claim is the ratio of the medians. In the rows of the constrained and the partial
CRF, which pytorch-crf does not have, its ordinary CRF stands on the other side.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import common
import torch
import torchcrf
from torch import Tensor

from adaseq.modules.decoders import CRF, Decoder, PartialCRF

LENGTHS = (16, 64, 128, 256, 512)
NUM_TAGS = (5, 9, 33, 65, 100)
DECODERS = ("crf", "constrained", "partial")
# Long enough for `common` to tell whether other programs were busy meanwhile.
SECONDS_PER_RUN = 1.1


Comparison = Callable[[argparse.Namespace, int, int], tuple[list[dict[str, Any]], float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = shape_parser(__doc__)
    parser.add_argument("--decoders", nargs="+", choices=DECODERS, default=DECODERS, help="which of ours")
    run(parser, compare, arguments)


def shape_parser(description: str | None) -> argparse.ArgumentParser:
    """A command line with what a comparison at several shapes takes."""
    parser = common.parser(description, repeats=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--length", type=int, nargs="+", default=[128])
    parser.add_argument("--num-tags", type=int, nargs="+", default=[33])
    parser.add_argument("--sweep", action="store_true", help=f"lengths {LENGTHS} and numbers of tags {NUM_TAGS}")
    parser.add_argument("--varied", action="store_true", help="sentences of random length")
    parser.add_argument("--seconds", type=float, default=SECONDS_PER_RUN, help="how long each run repeats its call")
    parser.add_argument("-d", "--device", default="cpu")
    return parser


def run(parser: argparse.ArgumentParser, compare: Comparison, arguments: Sequence[str] | None = None) -> None:
    """Compare at the shapes that the command line names, and report.

    Args:
        parser: of the command line.
        compare: given the options, a length and a number of tags, the rows of the table and the cores that other programs used.
        arguments: of the command line.
    """
    options = parser.parse_args(arguments)
    common.prepare(options)

    lengths, tags = (LENGTHS, NUM_TAGS) if options.sweep else (options.length, options.num_tags)
    rows: list[dict[str, Any]] = []
    others = 0.0
    for length, num_tags in itertools.product(lengths, tags):
        new_rows, busy = compare(options, length, num_tags)
        print(common.table(new_rows), flush=True)
        rows += new_rows
        others = max(others, busy)
    common.report(options, rows, others, device=options.device, varied=options.varied)


def compare(options: argparse.Namespace, length: int, num_tags: int) -> tuple[list[dict[str, Any]], float]:
    """Time everything at one shape: the rows of the table, and the cores that other programs used."""
    torch.manual_seed(0)
    device = torch.device(options.device)
    theirs = torchcrf.CRF(num_tags, batch_first=True).to(device)
    decoders = {
        "crf": CRF(num_tags, batch_first=True),
        "constrained": CRF(num_tags, batch_first=True, constraints=bioes(num_tags)),
        "partial": PartialCRF(num_tags, batch_first=True),
    }
    for decoder in decoders.values():
        decoder.load_state_dict(theirs.state_dict())
        decoder.to(device)
    shape = (options.batch_size, length)
    lengths = torch.randint(1, length + 1, shape[:1]) if options.varied else torch.full(shape[:1], length)
    lengths[0] = length
    mask = (torch.arange(length) < lengths.unsqueeze(1)).to(device)
    emissions = torch.randn(*shape, num_tags, device=device)
    paths = decoders["constrained"].decode(emissions, mask)
    tags = torch.tensor([path + [0] * (length - len(path)) for path in paths], device=device)
    partial = tags.masked_fill(torch.rand(shape, device=device) < 0.3, -1)

    calls: dict[str, Callable[[], object]] = {"pytorch-crf loss": training_step(theirs, emissions, tags, mask)}
    for name in options.decoders:
        labels = partial if name == "partial" else tags
        calls[f"{name} loss"] = training_step(decoders[name], emissions, labels, mask)
    calls["pytorch-crf decode"] = torch.no_grad()(lambda: theirs.decode(emissions, mask))
    for name in [each for each in options.decoders if each != "partial"]:
        calls[f"{name} decode"] = decoding(decoders[name], emissions, mask)
    jobs = {name: repeated(call, options.seconds, device) for name, call in calls.items()}
    timings = common.Timings().take_turns(jobs, options.repeats)
    rows = []
    for name in calls:
        what, job = name.split()
        if what != "pytorch-crf":
            other, ours = timings.median(f"pytorch-crf {job}") * 1000, timings.median(name) * 1000
            sizes = {"B": shape[0], "L": length, "K": num_tags}
            rows.append({"what": name, **sizes, "pytorch-crf ms": other, "ours ms": ours, "ratio": other / ours})
    return rows, timings.others


def training_step(crf: torch.nn.Module, emissions: Tensor, tags: Tensor, mask: Tensor) -> Callable[[], None]:
    """The loss, and its gradients for the emissions and the parameters."""
    leaf = emissions.clone().requires_grad_()

    def step() -> None:
        crf.zero_grad()
        leaf.grad = None
        (-crf(leaf, tags, mask, reduction="mean")).backward()

    return step


def decoding(decoder: Decoder, emissions: Tensor, mask: Tensor) -> Callable[[], object]:
    """The best path of each sentence."""
    return lambda: decoder.decode(emissions, mask)


def repeated(call: Callable[[], object], seconds: float, device: torch.device) -> common.Job:
    """A job that makes a call again and again for some time, and returns the seconds that one took."""

    def job() -> float:
        start, count = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < seconds or not count:
            call()
            if device.type == "cuda":
                torch.cuda.synchronize()
            count += 1
        return elapsed / count

    return job


def bioes(num_tags: int) -> tuple[list[bool], list[bool], list[list[bool]]]:
    """Constraints of O and B, I, E, S tags of as many types as there is room for, the last one perhaps incomplete."""
    prefixes = ["O", *("BIES"[i % 4] for i in range(num_tags - 1))]
    types = [-1, *(i // 4 for i in range(num_tags - 1))]
    opens = [prefix in "OBS" for prefix in prefixes]
    closes = [prefix in "OES" for prefix in prefixes]
    pairs = [
        [opens[j] if closes[i] else prefixes[j] in "IE" and types[i] == types[j] for j in range(num_tags)]
        for i in range(num_tags)
    ]
    return opens, closes, pairs


if __name__ == "__main__":
    main()
