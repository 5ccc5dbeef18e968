"""The runtime imports neither torch nor transformers, and hardly anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adaseq.export.exporter import export_model

# What onnxruntime, tokenizers and numpy bring along.
THEIRS = {"numpy", "tokenizers", "onnxruntime", "flatbuffers", "google", "packaging", "cython_runtime"}

CODE = """
import json, sys
import adaseq.runtime
before = set(sys.modules)
predictor = adaseq.runtime.load(sys.argv[1])
result = predictor("Mary Smith works in New York.")
long = predictor("mary works in york . " * 40)
print(json.dumps({"modules": sorted(sys.modules), "output": result["output"], "long": len(long["output"])}))
"""


@pytest.fixture(scope="module")
def exported(trained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "model"
    export_model(trained_folder, folder)
    return folder


def test_neither_torch_nor_transformers_is_imported(exported: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, str(exported)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    finished = subprocess.run(
        command, env={**environment, "HOME": str(tmp_path)}, capture_output=True, encoding="utf-8", check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert list(tmp_path.rglob("*")) == [], (
        "onnxruntime keeps a number for the machine there when it reports what it runs"
    )
    told = json.loads(finished.stdout)
    roots = {name.partition(".")[0] for name in told["modules"]}
    assert not {"torch", "transformers", "pyarrow", "pydantic", "modelscope", "huggingface_hub"} & roots
    others = {name for name in roots - set(sys.stdlib_module_names) if not name.startswith("_")}
    assert others <= THEIRS | {"adaseq"}, others
    assert [each["type"] for each in told["output"]] == ["PER", "LOC"]
    assert told["long"] == 80


def test_the_package_stays_lazy() -> None:
    code = (
        "import sys, adaseq; print(sorted(m for m in sys.modules if m.startswith('adaseq') or m in ('numpy', 'torch')))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert finished.stdout.strip() == "['adaseq', 'adaseq.version']"
