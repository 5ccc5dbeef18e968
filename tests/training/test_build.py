"""What a configuration becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaseq.config import load_config
from adaseq.training.build import build_trainer, prepare_data
from adaseq.training.runtime import Runtime
from tests.runs import write_run_config


@pytest.mark.parametrize("shuffle", [True, False])
def test_all_processes_get_as_many_batches(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, shuffle: bool
) -> None:
    """Fifteen batches for two processes: one that had fewer would leave the other waiting for ever."""
    config = load_config(
        write_run_config(tmp_path, train={"dataloader": {"batch_size_per_gpu": 4, "shuffle": shuffle}})
    )
    data = prepare_data(config, runtime)
    monkeypatch.setattr(runtime, "world_size", 2)
    counts = []
    for rank in range(2):
        monkeypatch.setattr(runtime, "rank", rank)
        counts.append(build_trainer(config, data, runtime, tmp_path / "run").batches_in_epoch)
    assert counts == [8, 8]
