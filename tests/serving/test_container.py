"""The container: what it installs is what the server imports, and no more is copied into it than it needs."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from adaseq.export.exporter import export_model

ROOT = Path(__file__).resolve().parents[2]

# anyio asks for sniffio where it happens to be, as it is beside the tools of development; it works without.
NOT_NEEDED = {"adaseq", "sniffio"}

CODE = """
import json, sys
import adaseq.commands.main, adaseq.commands.serve, adaseq.serving.server, adaseq.serving.app, adaseq.serving.door, adaseq.serving.protocol
from adaseq.serving.models import ModelOptions, load_model
load_model("default", sys.argv[1], ModelOptions("onnx")).predictor("Mary Smith works in New York.")
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_what_is_imported_is_installed(trained_folder: Path, tmp_path: Path) -> None:
    export_model(trained_folder, tmp_path / "exported")
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    command = [sys.executable, "-c", CODE, str(tmp_path / "exported")]
    finished = subprocess.run(
        command, env={**environment, "HOME": str(home)}, capture_output=True, encoding="utf-8", check=False
    )
    assert finished.returncode == 0, finished.stderr
    # Nothing is kept outside the folders it was given: onnxruntime would, to report what it runs.
    assert list(home.rglob("*")) == []
    imported = set(json.loads(finished.stdout)) - set(sys.stdlib_module_names)
    assert not {"torch", "transformers"} & imported
    of_modules = importlib.metadata.packages_distributions()
    # What begins so is made by the interpreter and by installers.
    imported = {module for module in imported if not module.startswith("_")}
    needed = {_normal(name) for module in imported for name in of_modules.get(module, [])} - NOT_NEEDED
    text = (ROOT / "requirements-serve.txt").read_text(encoding="utf-8")
    installed = {_normal(line.partition("==")[0]) for line in text.splitlines() if "==" in line}
    assert needed <= installed, needed - installed


def test_pins_are_those_that_are_tested() -> None:
    pins = {}
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-serve.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if "==" in line:
                pins.setdefault(_normal(line.partition("==")[0]), set()).add(line.partition("==")[2])
    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


def test_every_file_that_is_copied_is_let_in() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    assert names == allowed
    assert all((ROOT / name).exists() for name in names)


def test_it_runs_without_rights() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001$", text, re.MULTILINE)


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-")
