"""`adaseq migrate`: what AdaSeq 0.6 left behind becomes what is used today."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from adaseq.errors import AdaSeqError
from adaseq.utils.logging import logging_to
from adaseq.utils.terminal import harmless

HELP = "bring a configuration, a model folder or a pickled list of AdaSeq 0.6 into today's form"

_CONFIGS, _PICKLES = (".yaml", ".yml", ".json", ".py"), (".pkl", ".pickle")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "path",
        metavar="PATH",
        help="a configuration (YAML or JSON), a model folder, or a pickle of candidates or labels",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="where to write; the new text of a configuration is shown if this is left out",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite what is there")
    parser.add_argument(
        "--allow-pickle",
        "--allow_pickle",
        action="store_true",
        help="read a pickle. A pickle is a program that may do anything when it is read the usual way; here it is refused if it "
        "holds more than lists, mappings, sets, text and numbers. Still, convert only what comes from people you know",
    )


def run(args: argparse.Namespace) -> int:
    """Migrate."""
    path = Path(args.path)
    output = None if args.output is None else Path(args.output)
    if output is not None and path.resolve().is_relative_to(output.resolve()):
        raise AdaSeqError(
            f"-o names what is to be migrated, '{path}', or a folder around it; choose another place, so that the old one stays"
        )
    if output is not None and output.exists() and not args.force:
        raise AdaSeqError(f"'{output}' exists; give -f to overwrite it, or choose another place with -o")
    with logging_to():
        if path.is_dir():
            _migrate_folder(path, output)
        elif path.suffix.lower() in _PICKLES:
            _migrate_pickle(path, output, args.allow_pickle)
        elif path.suffix.lower() in _CONFIGS or not path.exists():
            _migrate_config(path, output)
        else:
            raise AdaSeqError(
                f"'{path}' is neither a configuration ({', '.join(_CONFIGS[:3])}), nor a model folder, nor a pickle "
                f"({', '.join(_PICKLES)})"
            )
    return 0


def _migrate_config(path: Path, output: Path | None) -> None:
    from adaseq.migration.configs import migrate_config
    from adaseq.utils.files import atomic_write

    if output is not None and output.suffix.lower() == ".json" != path.suffix.lower():
        raise AdaSeqError(f"'{path}' is YAML and stays so, with its comments; -o names a .yaml file, not '{output}'")
    text, report = migrate_config(path)
    if output is None:
        sys.stdout.write(text)
        print(harmless(str(report)), file=sys.stderr)
        return
    with atomic_write(output) as file:
        file.write(text)
    print(harmless(str(report)))
    print(f"Wrote {output}. Next: adaseq check -c {shlex.quote(str(output))}")


def _migrate_folder(path: Path, output: Path | None) -> None:
    if output is None:
        raise AdaSeqError("a model folder is migrated into a new one: name it with -o")
    from adaseq.migration.folders import migrate_folder
    from adaseq.models.configuration_file import CONFIGURATION_FILE

    if output.is_dir() and any(output.iterdir()) and not (output / CONFIGURATION_FILE).is_file():
        raise AdaSeqError(
            f"'{output}' holds something else than a model, which -f would remove; choose another place with -o"
        )
    print(harmless(str(migrate_folder(path, output))))
    print(f"Wrote {output}. It predicts as before: adaseq predict -m {shlex.quote(str(output))} -i input.txt")


def _migrate_pickle(path: Path, output: Path | None, is_allowed: bool) -> None:
    from adaseq.migration.pickles import DANGER, convert_pickle

    if not is_allowed:
        raise AdaSeqError(
            f"'{path}' is a pickle, and {DANGER}: adaseq migrate --allow-pickle {shlex.quote(str(path))} -o NEW.json"
        )
    if output is None:
        raise AdaSeqError("name the file to write with -o: .json, or .txt for a list of labels")
    print(f"warning: {DANGER}. Only plain lists, mappings, sets, text and numbers are admitted.", file=sys.stderr)
    print(f"Wrote {output}: {convert_pickle(path, output)}")
