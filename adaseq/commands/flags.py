"""Flags that several commands have, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.errors import AdaSeqError

if TYPE_CHECKING:
    from adaseq.config import Config


def add_set_flag(parser: argparse._ActionsContainer) -> None:
    """Declare `--set`, which gives the overrides of `load_config`.

    Args:
        parser: the parser of a command, or a group of its flags.
    """
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a value of the configuration: train.optimizer.lr=3e-5 (repeatable)",
    )


def add_device_flag(parser: argparse._ActionsContainer) -> None:
    """Declare `-d/--device`.

    Args:
        parser: the parser of a command, or a group of its flags.
    """
    parser.add_argument(
        "-d", "--device", default="gpu", help="gpu (default; falls back to the CPU), cpu, cuda:NUMBER or mps"
    )


def add_import_flag(parser: argparse._ActionsContainer) -> None:
    """Declare `--import`, which names modules for `import_modules` or `load_config`.

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


def import_modules(args: argparse.Namespace) -> None:
    """Import what `--import` names; without it nothing that checks configurations is imported either.

    Raises:
        ConfigError: a module cannot be imported.
    """
    if args.imports:
        from adaseq.config.plugins import load_plugins

        load_plugins(args.imports)


def not_empty(text: str) -> str:
    """The value of a flag that changes what is done, for `type=`: a variable of the shell that is empty must not switch it off.

    Raises:
        argparse.ArgumentTypeError: it is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("received nothing; is a variable of the shell empty?")
    return text


def config_of_data(args: argparse.Namespace) -> Config | None:
    """The configuration whose data a command is about; None if `--data` names the data instead.

    Args:
        args: the flags `-c`, `--set`, `--import`, whose modules are imported in either case, `--data`, and what describes it.

    Raises:
        AdaSeqError: there are both, or neither, or flags that belong to the other; or the configuration is wrong.
    """
    has_config = args.config_path is not None
    if has_config == (args.data is not None):
        raise AdaSeqError("give either a configuration with -c, or data with --data")
    for name in ("format", "option", "task") if has_config else ("set",):
        if getattr(args, name, None):
            place = "-c; --set overrides the configuration" if has_config else "--data"
            raise AdaSeqError(f"--{name} does not go with {place}")
    if has_config:
        from adaseq.config import load_config

        return load_config(args.config_path, args.set, check_components=False, imports=args.imports)
    import_modules(args)
    return None


def named_data(parts: Sequence[str]) -> str | dict[str, str]:
    """What `--data` names, in the form of `dataset.data_file`.

    Args:
        parts: a single path; or `train=FILE`, `valid=FILE`, …

    Raises:
        AdaSeqError: it is neither.
    """
    pairs = [part.partition("=") for part in parts]
    if len(parts) == 1 and (not pairs[0][1] or Path(parts[0]).exists()):
        return parts[0]
    files = {split: file for split, _, file in pairs}
    if not all(equals for _, equals, _ in pairs) or len(files) < len(pairs):
        raise AdaSeqError(f"received --data {' '.join(parts)}; expected one path, or train=FILE valid=FILE test=FILE")
    return files


def named_dataset(args: argparse.Namespace, task: str) -> dict[str, Any]:
    """A `dataset` section for what `--data` names; the format follows from what is in the files, if `--format` does not say it.

    Args:
        args: these flags.
        task: what the files are annotated for.

    Raises:
        AdaSeqError: the files are not there, or the format is not clear.
    """
    from adaseq.data.format_guess import guess_format
    from adaseq.data.sources.local import find_splits

    data_file = named_data(args.data)
    if args.format:
        return {"data_file": data_file, "data_type": args.format}
    splits = find_splits(data_file)
    first = next(iter(splits.get("train") or next(iter(splits.values()))))
    try:
        return {"data_file": data_file, **guess_format(first, task).section}
    except AdaSeqError as error:
        raise AdaSeqError(f"{error}\nName the format: --format conll, and so on.") from error
