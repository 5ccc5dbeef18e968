"""The command `adaseq`: finds the verb, imports its module and no other, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import ast
import importlib
import io
import pkgutil
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from adaseq.errors import AdaSeqError, nearest
from adaseq.utils.terminal import harmless
from adaseq.version import __version__

DONE, OUR_FAULT, USER_ERROR, INTERRUPTED = 0, 1, 2, 130
_DESCRIPTION = "Train, evaluate, ship and serve models that understand sequences."
_EPILOG = "'adaseq VERB --help' explains a verb. Exit status: 0 done, 1 a fault of AdaSeq, 2 a mistake in what it was given, 130 interrupted, 143 stopped by SIGTERM."


class _Parser(argparse.ArgumentParser):
    """Explains a mistake by the usage of the verb that was given, with the status of a mistake."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USER_ERROR, f"error: {harmless(message)}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows the name of the program; by default those of this process.

    Returns:
        The exit status.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that cannot show a character shows its code
    try:
        return _run(given)
    except SystemExit as stop:  # argparse has shown a help text or explained a mistake
        return int(stop.code or DONE)
    except AdaSeqError as error:
        print(f"error: {harmless(str(error))}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt as interruption:
        print(str(interruption) or "interrupted", file=sys.stderr)
        return int(getattr(interruption, "exit_status", INTERRUPTED))
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        sys.stdout = None
        return DONE


def verbs() -> dict[str, str]:
    """Every verb with its line of help, read from its module without importing it."""
    folder = Path(__file__).parent
    names = [each.name for each in pkgutil.iter_modules([str(folder)]) if each.name != "main"]
    texts = {name: _help_of(folder / f"{name}.py") for name in names}
    return {name: text for name, text in texts.items() if text}


def _help_of(module: Path) -> str:
    for statement in ast.parse(module.read_bytes()).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", None) == "HELP":
            return str(ast.literal_eval(statement.value))
    return ""


def _run(given: list[str]) -> int:
    known = verbs()
    if given and given[0].replace("-", "_") in known:
        given[0] = given[0].replace("-", "_")
    verb = next((each for each in given if not each.startswith("-")), None)
    parser = _Parser(prog="adaseq", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"adaseq {__version__}")
    chosen = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs", parser_class=_Parser)
    if verb is not None and verb not in known and given[0] == verb:
        parser.error(f"there is no verb '{verb}'{nearest(verb, known) or ';'} known: {', '.join(known)}")
    for name, text in known.items():
        parser_of_verb = chosen.add_parser(name, help=text, description=text)
        if name == verb:
            module = importlib.import_module(f"adaseq.commands.{name}")
            module.add_arguments(parser_of_verb)
            parser_of_verb.set_defaults(run=module.run)
    options, unknown = parser.parse_known_args(given)
    if unknown:
        asked = chosen.choices.get(options.verb, parser)
        flags = re.findall(r"--?[\w-]+", asked.format_usage())
        close = nearest(unknown[0], flags) if unknown[0].startswith("-") else ""
        asked.error(f"unrecognized arguments: {' '.join(unknown)}{close}")
    if options.verb is None:
        parser.print_help()
        return USER_ERROR
    return int(options.run(options))
