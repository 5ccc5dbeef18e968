"""`adaseq publish`: a model folder on ModelScope or Hugging Face."""

from __future__ import annotations

import argparse
import sys

from adaseq.utils.logging import logging_to
from adaseq.utils.terminal import harmless

HELP = "publish a model on ModelScope or Hugging Face"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "-m", "--model", required=True, metavar="FOLDER", help="the model folder: output_best/ in the folder of a run"
    )
    parser.add_argument(
        "--to",
        required=True,
        metavar="HUB:OWNER/NAME",
        help="modelscope:owner/name or huggingface:owner/name. The token is that of the environment (MODELSCOPE_API_TOKEN, "
        "HF_TOKEN) or of the last login there; else you are asked for it",
    )
    visibility = parser.add_mutually_exclusive_group()
    visibility.add_argument("--private", action="store_true", help="only its owner can see a new model (the default)")
    visibility.add_argument("--public", action="store_true", help="everybody can see a new model")
    parser.add_argument(
        "--dry-run", "--dry_run", action="store_true", help="show every file with its size, and send nothing"
    )
    parser.add_argument("--message", metavar="TEXT", help="what the history of the model says about this version")
    parser.add_argument("--revision", metavar="BRANCH", help="publish to this branch instead of the main one")
    parser.add_argument("--license", metavar="NAME", help="the licence of the model, such as apache-2.0")
    parser.add_argument(
        "--no-examples",
        "--no_examples",
        action="store_true",
        help="leave the examples from the training data out of the model card",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave out files, such as '*.log' (repeatable)",
    )
    parser.add_argument(
        "--with-loader",
        "--with_loader",
        action="store_true",
        help="ModelScope: add a program by which its pipeline finds AdaSeq. It is run by whoever trusts the code of the "
        "repository, and whoever can write there can change it",
    )


def run(args: argparse.Namespace) -> int:
    """Publish."""
    from adaseq.hub.publish import publish

    with logging_to():
        publish(
            args.model,
            args.to,
            is_private=not args.public,
            message=args.message,
            revision=args.revision,
            with_loader=args.with_loader,
            with_examples=not args.no_examples,
            license=args.license,
            exclude=args.exclude,
            dry_run=args.dry_run,
            say=lambda line: print(harmless(line), flush=True),
            warn=lambda line: print(harmless(line), file=sys.stderr, flush=True),
        )
    return 0
