"""An old model folder, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.migration.old_model import save_old_folder


@pytest.fixture(scope="session")
def old_folder(trained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of AdaSeq 0.6. Tests only read it."""
    return save_old_folder(trained_folder, tmp_path_factory.mktemp("old") / "output_best")
