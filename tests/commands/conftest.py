"""A corpus and a configuration in the folder of the test."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs import write_run_config


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes the data and a configuration; keyword arguments replace its sections or are merged into `train`."""
    return functools.partial(write_run_config, tmp_path)
