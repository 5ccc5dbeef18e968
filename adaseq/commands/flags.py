"""Flags that several commands have."""

from __future__ import annotations

from typing import Any


def add_import_flag(parser: Any) -> None:
    """Declare `--import`, which names modules for `load_plugins`.

    Args:
        parser: the parser of a command, or a group of its flags.
    """
    parser.add_argument(
        "--import",
        action="append",
        default=[],
        dest="imports",
        metavar="MODULE",
        help="import a module of yours that registers components (repeatable)",
    )
