"""The architecture, as a test: imports go downwards, each heavy library has one door, light modules stay light."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]

LIBRARIES = (
    "transformers",
    "tokenizers",
    "datasets",
    "pyarrow",
    "accelerate",
    "modelscope",
    "modelscope_hub",
    "pydantic",
)

LIGHT = (
    "adaseq",
    "adaseq.commands.main",
    "adaseq.config",
    "adaseq.data.formats",
    "adaseq.data.tags",
    "adaseq.errors",
    "adaseq.metainfo",
    "adaseq.registry",
)


def test_imports_go_downwards() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("adaseq", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_imported_in_one_place(graph: grimp.ImportGraph, library: str) -> None:
    if library not in graph.modules:
        return
    importers = graph.find_modules_that_directly_import(library)
    packages = {importer.rpartition(".")[0] for importer in importers}
    assert len(importers) == 1 or len(packages) == 1 and library in packages.pop(), sorted(importers)


def test_every_module_has_its_place_in_the_layers(graph: grimp.ImportGraph) -> None:
    children = defaultdict(set)
    for module in graph.modules:
        if module.startswith("adaseq."):
            children[module.split(".")[1]].add(module)
    assert {"commands", "training", "inference", "hub", "models", "modules", "metrics", "data", "config"} <= set(
        children
    )


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_do_not_import_torch(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'torch', 'transformers', 'pyarrow', 'modelscope'}} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert result.stdout.strip() == "[]"
