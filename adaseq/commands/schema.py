"""`adaseq schema`: the JSON Schema of configurations, for editors."""

from __future__ import annotations

import argparse
import json
import sys

from adaseq.commands.flags import add_import_flag
from adaseq.utils.files import write_json

HELP = "write the JSON Schema of configurations, from which editors check and complete"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write; by default the screen")
    add_import_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Write it."""
    from adaseq.config.plugins import load_plugins
    from adaseq.config.schema import json_schema

    load_plugins(args.imports)
    schema = json_schema()
    if args.output:
        write_json(args.output, schema)
    else:
        json.dump(schema, sys.stdout, ensure_ascii=False, indent=2)
        print()
    return 0
