"""Configurations for tests, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaseq.config import Config, ConfigError, load_config

MINIMAL = """\
task: named-entity-recognition
dataset:
  data_file: {train: train.txt, valid: dev.txt}
  data_type: conll
model:
  embedder: {type: embedding, embedding_dim: 10}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the files that `MINIMAL` names."""
    monkeypatch.chdir(tmp_path)
    for name in ("train.txt", "dev.txt"):
        (tmp_path / name).write_text("a O\n\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Callable[..., Config]:
    """Loads YAML text; `replace` swaps parts of the minimal configuration, `add` adds to it."""

    def load_text(add: str = "", replace: dict[str, str] | None = None, **options: Any) -> Config:
        text = MINIMAL
        for old, new in (replace or {}).items():
            assert old in text
            text = text.replace(old, new)
        (folder / "c.yaml").write_text(text + add, encoding="utf-8")
        return load_config("c.yaml", **{"environ": {}, **options})

    return load_text


@pytest.fixture
def problems(load: Callable[..., Config]) -> Callable[..., list[str]]:
    """The problems of a configuration, one line for each."""

    def problems_of(*args: Any, **options: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(*args, **options)
        return [str(problem) for problem in caught.value.problems]

    return problems_of
