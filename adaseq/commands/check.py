"""`adaseq check`: are configurations right? Nothing is loaded or run."""

from __future__ import annotations

import argparse

from adaseq.commands.flags import add_import_flag, add_set_flag
from adaseq.config import load_config
from adaseq.errors import AdaSeqError
from adaseq.utils.logging import logging_to
from adaseq.utils.terminal import harmless

HELP = "check configurations without loading data or weights"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "-c",
        "--config_path",
        required=True,
        nargs="+",
        action="extend",
        metavar="FILE",
        help="the configuration, or several: YAML or JSON",
    )
    add_set_flag(parser)
    add_import_flag(parser)
    parser.add_argument(
        "--schema-only", action="store_true", help="do not look whether local files and folders are there"
    )


def run(args: argparse.Namespace) -> int:
    """Check, and say what is wrong."""
    problems = []
    with logging_to():
        for path in args.config_path:
            try:
                load_config(path, args.set, check_files=not args.schema_only, imports=args.imports)
                print(f"{harmless(path)}: nothing is wrong")
            except AdaSeqError as error:
                problems.append(str(error))
    if problems:
        raise AdaSeqError("\n".join(problems))
    return 0
