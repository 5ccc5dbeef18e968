"""Code of the user's own: modules that register components when they are imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from adaseq.config.components import import_failure
from adaseq.config.document import Document, Mark
from adaseq.config.problems import ConfigError
from adaseq.errors import AdaSeqError
from adaseq.registry import import_installed_plugins


def import_plugins(document: Document, modules: Iterable[str]) -> None:
    """Import the modules listed under `plugins:`, and those of installed packages.

    Args:
        document: is told about modules that cannot be imported.
        modules: their names.
    """
    for index, name in enumerate(modules):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
                message = "there is no such module; it must be installed, or lie in the working directory or beside the configuration"
            else:
                message = f"importing '{name}' failed: {import_failure(error)}"
            document.report(("plugins", index), message)
        except Exception as error:  # noqa: BLE001 - a module of the user's own may fail in any way
            document.report(("plugins", index), f"importing '{name}' failed: {import_failure(error)}")
    try:
        import_installed_plugins()
    except AdaSeqError as error:
        document.report((), str(error))


def load_plugins(modules: Iterable[str]) -> None:
    """Import modules named on the command line, and the plugins of installed packages.

    Raises:
        ConfigError: one of them cannot be imported.
    """
    names = list(modules)
    document = Document(values={("plugins", index): Mark(f"--import {name}") for index, name in enumerate(names)})
    make_importable([Path.cwd()])
    import_plugins(document, names)
    if document.problems:
        raise ConfigError(document.problems)


def make_importable(folders: Iterable[Path]) -> None:
    """Let modules in these folders be imported, after all that are installed."""
    for folder in map(str, folders):
        if folder not in sys.path:
            sys.path.append(folder)
