"""`adaseq schema`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from adaseq.commands.main import main


def test_the_schema_is_printed_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(printed)
    assert main(["schema", "-o", str(tmp_path / "schema.json")]) == 0
    assert json.loads((tmp_path / "schema.json").read_text(encoding="utf-8")) == printed


def test_a_plugin_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--import", "no_such_module"]) == 2
    assert "--import no_such_module: plugins.0: there is no such module" in capsys.readouterr().err
