"""The architecture, as a test: imports go downwards, each heavy library has one door, light modules stay light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]

# The modules or packages of ours that import a library, so that its next major release is a change in one place.
DOORS = {
    "accelerate": "adaseq.training.runtime",
    "bm25s": "adaseq.retrieval.index",
    "huggingface_hub": "adaseq.utils.huggingface_client",
    "modelscope": "adaseq.hub.modelscope",
    "modelscope_hub": "adaseq.utils.modelscope_client",
    "peft": "adaseq.modules.adapters",
    "pyarrow": "adaseq.data.store",
    "pydantic": "adaseq.config adaseq.serving.schema",  # FastAPI takes its models to check requests
    "transformers": "adaseq.utils.pretrained",
}

LIGHT = (
    "adaseq",
    "adaseq.commands.main",
    "adaseq.config",
    "adaseq.data.formats",
    "adaseq.data.tags",
    "adaseq.errors",
    "adaseq.hub.publish",
    "adaseq.metainfo",
    "adaseq.migration.configs",
    "adaseq.registry",
    "adaseq.runtime",
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


@pytest.mark.parametrize(("library", "doors"), DOORS.items())
def test_a_library_is_imported_in_one_place(graph: grimp.ImportGraph, library: str, doors: str) -> None:
    importers = graph.find_modules_that_directly_import(library)
    assert importers, f"nothing imports {library}: is it still needed?"
    assert [each for each in importers if not any(f"{each}.".startswith(f"{door}.") for door in doors.split())] == []


def test_what_is_imported_is_required(graph: grimp.ImportGraph) -> None:
    imported = {name for name in graph.modules if graph.is_module_squashed(name)} - set(sys.stdlib_module_names)
    distributions = {"yaml": "pyyaml"}
    needed = {_normal(distributions.get(name, name)) for name in imported}
    required = _distributions(_keyword("install_requires"))
    extras = {extra: _distributions(names) for extra, names in _keyword("extras_require").items() if extra != "dev"}
    assert required <= needed <= required.union(*extras.values())


def _keyword(name: str) -> Any:
    """An argument of `setup` in setup.py."""
    keywords = [each for each in ast.walk(ast.parse((ROOT / "setup.py").read_bytes())) if isinstance(each, ast.keyword)]
    return next(ast.literal_eval(each.value) for each in keywords if each.arg == name)


def _distributions(requirements: list[str]) -> set[str]:
    return {_normal(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


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
