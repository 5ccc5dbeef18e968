"""Loading a configuration: read, substitute, override, check, fill in.

Problems of the file, its sections and the arguments of components are found without importing torch. What is right so far
is checked against the components themselves, which takes importing them.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.config.compat import upgrade
from adaseq.config.document import Document, Mark
from adaseq.config.overrides import apply_extra, apply_overrides
from adaseq.config.problems import ConfigError, Problem
from adaseq.config.reader import read_document
from adaseq.config.substitution import Variables
from adaseq.errors import nearest

if TYPE_CHECKING:
    from adaseq.config.config import Config
    from adaseq.config.sections import Sections

logger = logging.getLogger(__name__)

DEMO = "demo.yaml"


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    *,
    check_components: bool = True,
    check_files: bool = True,
    extra: Mapping[str, Any] | None = None,
    imports: Sequence[str] = (),
) -> Config:
    """Load a configuration and check it whole.

    Args:
        source: a YAML or JSON file, or a mapping. In a file, `${NAME}` stands for a variable of the environment; text in
            a mapping is taken as it is.
        overrides: `key=value` texts: `train.optimizer.lr=3e-5`.
        environ: the variables; by default those of the environment.
        check_components: also check the arguments of components and fill in their defaults. Without it only the sections
            are checked and filled in, and plugins are imported.
        check_files: report local files and folders that are not there.
        extra: values for dotted paths, which override those of the source: `{"experiment.seed": 7}`.
        imports: modules to import beside those under `plugins:`.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    variables = Variables(os.environ if environ is None else environ)
    base_dirs = [Path.cwd()]
    if isinstance(source, Mapping):
        document = Document.from_mapping(source)
    else:
        path = find_config(source)
        document = read_document(path, variables)
        base_dirs.append(path.absolute().parent)
    apply_overrides(document, overrides, variables)
    apply_extra(document, extra or {})
    _add_imports(document, imports)
    upgrade(document)

    # These modules import pydantic, which takes longer than finding a mistake in the YAML itself.
    from adaseq.config.checks import check_by_source, check_sections, check_types_of_torch
    from adaseq.config.files import resolve_paths

    before = len(document.problems)
    resolve_paths(document, base_dirs, must_exist=check_files)
    missing_files = len(document.problems) - before
    sections = check_sections(document)
    if sections is None or len(document.problems) > missing_files:
        if not check_by_source(document):
            check_types_of_torch(document)
        raise ConfigError(document.problems)
    if check_components:
        if check_by_source(document) and len(document.problems) > missing_files:
            raise ConfigError(document.problems)
        del document.problems[missing_files:]
    config = _complete(document, sections, base_dirs, check_components, check_files)
    for warning in config.warnings:
        logger.warning("%s", warning)
    return config


def _complete(
    document: Document, sections: Sections, base_dirs: list[Path], check_components: bool, check_files: bool
) -> Config:
    from adaseq.config.checks import check_format
    from adaseq.config.completion import Components
    from adaseq.config.components import Catalogue
    from adaseq.config.config import Config
    from adaseq.config.plugins import find_own_code, import_plugins
    from adaseq.config.together import check_together

    before = len(document.problems)
    sections.plugin_dirs = find_own_code(document, sections, base_dirs)
    import_plugins(document, sections.plugins)
    components: dict[str, Any] = {}
    if check_components and len(document.problems) == before:
        components = Components(document, Catalogue()).check()
        components["format_options"] = check_format(document)
        if len(document.problems) == before:
            check_together(document, components, check_files)
    if document.problems:
        raise ConfigError(document.problems)
    return Config.assemble(sections, components, base_dirs=base_dirs, warnings=document.warnings)


def _add_imports(document: Document, imports: Sequence[str]) -> None:
    """Add modules named on the command line to those under `plugins:`."""
    if not imports or not isinstance(document.data, dict):
        return
    given = document.data.get("plugins")
    if not isinstance(given, (str, list, type(None))):
        return  # reported with the section
    plugins = [given] if isinstance(given, str) else list(given or [])
    for name in imports:
        if name not in plugins:
            document.values[("plugins", len(plugins))] = Mark(f"--import {name}")
            plugins.append(name)
    document.data["plugins"] = plugins


def find_config(path: str | os.PathLike[str]) -> Path:
    """The configuration file that a user names; `demo.yaml`, where no such file is, is the one that comes with AdaSeq.

    Raises:
        ConfigError: there is no such file, or it is a Python file.
    """
    file = Path(path)
    if file.suffix.lower() == ".py":
        message = (
            "a Python file is no configuration, since reading it would run it; write the same keys as YAML or JSON, or call "
            "adaseq.train with a dict from a program of yours"
        )
        raise ConfigError([Problem("", str(file), None, None, message)])
    if os.path.exists(file):  # unlike `Path.exists`, False for a name that is too long
        return file
    packaged = Path(__file__).resolve().parents[1] / "demo" / DEMO
    if str(file) == DEMO and packaged.exists():
        return packaged
    folder = file.parent
    if not os.path.isdir(folder):
        message = f"there is no folder '{folder}'"
    else:
        there = []
        with contextlib.suppress(OSError):  # a folder that may not be read
            there = [name for name in os.listdir(folder) if name.endswith((".yaml", ".yml", ".json"))]
        message = f"there is no such file{nearest(file.name, there)}"
    raise ConfigError([Problem("", str(file), None, None, message)])
