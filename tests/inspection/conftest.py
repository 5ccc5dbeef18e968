"""Inspecting a few lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaseq.inspection.findings import Findings
from adaseq.inspection.inspector import Report, find_parts, inspect_parts


@pytest.fixture
def inspect(tmp_path: Path) -> Callable[..., Report]:
    """Writes one file for each split, given by keyword, and inspects them."""

    def run(
        data_type: str = "conll", suffix: str = "txt", options: dict[str, Any] | None = None, **given: Any
    ) -> Report:
        files = {}
        for split in ("train", "valid", "test"):
            if split in given:
                content = given.pop(split)
                path = tmp_path / f"{split}.{suffix}"
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                files[split] = str(path)
        parts = find_parts({"data_file": files, "data_type": data_type, **(options or {})})
        return inspect_parts(parts, given.pop("findings", None) or Findings(), **given)

    return run


def lines_of(report: Report, code: str) -> list[int | None]:
    """The lines on which something was found."""
    finding = report.findings.get(code)
    return [] if finding is None else [place.line for place in finding.places]
