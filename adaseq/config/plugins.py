"""Code of the user's own: modules that register components when they are imported."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from adaseq.config.components import import_failure
from adaseq.config.document import Document, Mark, Place, walk
from adaseq.config.problems import ConfigError, shown
from adaseq.config.sections import Sections
from adaseq.errors import AdaSeqError
from adaseq.registry import import_installed_plugins


def find_own_code(document: Document, sections: Sections, base_dirs: Sequence[Path]) -> list[str]:
    """Let the modules be imported that a configuration names, under `plugins:` or as `module:Class`.

    Args:
        document: the configuration.
        sections: its sections.
        base_dirs: where such modules may lie, beside the folders under `plugin_dirs:`.

    Returns:
        The folders that were given, and those in which there are some: the `plugin_dirs` by which the saved configuration
        finds them from anywhere.
    """
    texts = (value for _, value in walk(document.data) if isinstance(value, str) and ":" in value)
    named = {*sections.plugins, *(text.partition(":")[0] for text in texts)}
    given = [Path(folder).resolve() for folder in sections.plugin_dirs]
    folders = list(dict.fromkeys([*(folder.resolve() for folder in base_dirs), *given]))
    if named:
        make_importable(folders)
    for index, name in enumerate(sections.plugins):
        _warn_of_another(document, ("plugins", index), name, folders)
    kept = {*given, *(_folder_of(name) for name in named)}
    return [str(folder) for folder in folders if folder in kept]


def import_plugins(document: Document, modules: Iterable[str]) -> None:
    """Import the modules listed under `plugins:`, and those of installed packages.

    Args:
        document: is told about modules that cannot be imported.
        modules: their names.
    """
    for index, name in enumerate(modules):
        message = _misnamed(name) or _import(name)
        if message is not None:
            document.report(("plugins", index), message)
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


def _misnamed(name: str) -> str | None:
    """What is wrong with a name that no module can have."""
    if not name.endswith(".py") and all(part.isidentifier() for part in name.split(".")):
        return None
    module = Path(name).stem
    meant = f": '{module}'" if module.isidentifier() else ""
    return (
        f"received {shown(name)}; expected a module as Python imports it{meant}. Its folder, if it is neither the working "
        "directory nor that of the configuration, stands under 'plugin_dirs:'"
    )


def _warn_of_another(document: Document, path: Place, name: str, folders: Sequence[Path]) -> None:
    """Say so if a module that is installed hides one of the user's own."""
    top, taken = name.partition(".")[0], _folder_of(name)
    own = next(
        (each for each in folders if (each / f"{top}.py").is_file() or (each / top / "__init__.py").is_file()), None
    )
    if own is not None and taken not in (None, *folders):
        document.warn(path, f"'{top}' is the module in {taken}, which hides that in {own}; give yours another name")


def _import(name: str) -> str | None:
    """Import a module; what went wrong, if something did."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            return "there is no such module; it must be installed, or lie in the working directory or beside the configuration"
        return f"importing '{name}' failed: {import_failure(error)}"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a module of the user's own may fail in any way
        return f"importing '{name}' failed: {import_failure(error)}"
    return None


def _folder_of(module: str) -> Path | None:
    """The folder in which Python finds a module, or the package that it belongs to; nothing is imported."""
    name = module.partition(".")[0]
    spec = None
    with contextlib.suppress(ValueError):  # what is imported already need not say where from
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
    if spec is None:
        return None
    places = spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else [])
    return next((Path(place).resolve().parent for place in places), None)
