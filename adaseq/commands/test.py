"""`adaseq test`: score the best model of a run on its test data."""

from __future__ import annotations

import argparse
import os

from adaseq.commands.flags import add_device_flag, not_empty

HELP = "score the best model of a run on its test data"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("-w", "--work_dir", required=True, type=not_empty, metavar="FOLDER", help="the run folder")
    add_device_flag(parser)
    parser.add_argument(
        "-ckpt",
        "--checkpoint_path",
        type=not_empty,
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
