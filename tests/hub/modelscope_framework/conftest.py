"""These tests need ModelScope's framework: `make modelscope` makes an environment that has it. Elsewhere they are left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.hub.modelscope_framework.families import FAMILIES, train_family

Run = Callable[..., dict[str, Any]]


def _has_framework() -> bool:
    """Whether all that `modelscope[framework]` asks for is installed."""
    installed = {distribution.metadata["Name"].lower() for distribution in metadata.distributions()}
    if "modelscope" not in installed or util.find_spec("modelscope") is None:
        return False
    needed = map(Requirement, metadata.requires("modelscope") or ())
    return all(
        each.name.lower() in installed
        for each in needed
        if each.marker is None or each.marker.evaluate({"extra": "framework"})
    )


collect_ignore_glob = [] if _has_framework() else ["test_*.py"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The model folder of a family, trained when it is first asked for. Tests only read it."""
    folders: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in folders:
            folders[name] = train_family(FAMILIES[name], tmp_path_factory.mktemp("families") / name)
        return folders[name]

    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs code in a fresh process with an empty home; what it put into `out`, and what it tried of the world."""
    home = tmp_path / "home"
    home.mkdir()

    def run(code: str) -> dict[str, Any]:
        file, result = tmp_path / "code.py", tmp_path / "result.json"
        file.write_text(code, encoding="utf-8")
        result.unlink(missing_ok=True)
        environment = {**os.environ, "HOME": str(home), "MODELSCOPE_CACHE": str(home / "cache")}
        # With it, a download that ought not to be tried would not be.
        environment.pop("HF_HUB_OFFLINE", None)
        program = [sys.executable, str(Path(__file__).with_name("fresh.py")), str(file), str(result)]
        done = subprocess.run(
            program, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return answer

    return run
