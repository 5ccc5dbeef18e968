"""`adaseq test`: score the best model of a run on its test data."""

from __future__ import annotations

import argparse
import os

HELP = "score the best model of a run on its test data"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("-w", "--work_dir", required=True, metavar="FOLDER", help="the run folder")
    parser.add_argument(
        "-d", "--device", default="gpu", help="gpu (default; falls back to the CPU), cpu, cuda:NUMBER or mps"
    )
    parser.add_argument(
        "-ckpt",
        "--checkpoint_path",
        metavar="PATH",
        help="other weights of the same model; by default the best of the run",
    )


def run(args: argparse.Namespace) -> int:
    """Score, and print a table."""
    from adaseq.training.summary import score_table
    from adaseq.training.test import test_model
    from adaseq.utils.terminal import harmless

    scores = test_model(args.work_dir, device=args.device, checkpoint_path=args.checkpoint_path)
    if os.environ.get("RANK", "0") == "0":
        print(harmless(score_table({"test": scores})))
    return 0
