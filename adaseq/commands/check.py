"""`adaseq check`: is a configuration right? Nothing is loaded or run."""

from __future__ import annotations

import argparse

from adaseq.commands.flags import add_import_flag, add_set_flag
from adaseq.config import load_config
from adaseq.utils.logging import logging_to
from adaseq.utils.terminal import harmless

HELP = "check a configuration without loading data or weights"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("-c", "--config_path", required=True, metavar="FILE", help="the configuration: YAML or JSON")
    add_set_flag(parser)
    add_import_flag(parser)
    parser.add_argument(
        "--schema-only", action="store_true", help="do not look whether local files and folders are there"
    )


def run(args: argparse.Namespace) -> int:
    """Check, and say what is wrong."""
    with logging_to():
        load_config(args.config_path, args.set, check_files=not args.schema_only, imports=args.imports)
    print(f"{harmless(args.config_path)}: nothing is wrong")
    return 0
