"""`adaseq pretrain`: from raw or annotated text to a backbone that other models begin with."""

from __future__ import annotations

import argparse

from adaseq.commands import train

HELP = "pretrain a backbone from a configuration, and write it as a folder that other models begin with"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags: those of `adaseq train`."""
    train.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train as `adaseq train` does, and write the backbone."""
    return train.run_with(args, "adaseq.training.pretrain:pretrain_model", "pretrain")
