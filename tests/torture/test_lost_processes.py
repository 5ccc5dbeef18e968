"""Processes of a run that die: one that loads batches, and one of two that train together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import assert_same_run
from tests.torture.conftest import times
from tests.torture.processes import PATIENCE, run
from tests.torture.wholeness import assert_all_is_whole

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("iteration", [20, 2, 16, 29, *range(3, 15)][: times(short=1, long=16)])
def test_a_lost_worker_ends_the_run_with_a_message(
    config: Path, undisturbed: Path, tmp_path: Path, iteration: int
) -> None:
    die = f"train.hooks.3={{type: 'tests.torture.hooks:DieAt', iteration: {iteration}, whom: worker}}"
    folder = tmp_path / "run"
    command = ["train", "-c", config, "-w", folder, "-d", "cpu", "--set", "train.dataloader.workers_per_gpu=1"]
    status, printed = run(tmp_path / "printed", *command, "--set", die)
    assert status == 2 and "Traceback" not in printed, printed
    assert "error: A process that prepares batches has died" in printed
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"] == "failed"
    assert_all_is_whole(folder, undisturbed)
    status, printed = run(tmp_path / "again", *command, "--resume")
    assert status == 0, printed
    assert_same_run(undisturbed, folder, besides=["output_best/README.md"])  # which names the workers


def launched(config: Path, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Two processes under torchrun."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    script = [str(ROOT / "scripts" / "train.py"), "-c", str(config), "-w", str(folder), "-d", "cpu", *flags]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, *script], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("rank", [1, 0][: times(short=1, long=2)])
def test_a_lost_rank_ends_the_others_with_a_message(config: Path, tmp_path: Path, rank: int) -> None:
    die = f"train.hooks.3={{type: 'tests.torture.hooks:DieAt', iteration: 11, rank: {rank}}}"
    folder = tmp_path / "run"
    done = launched(config, folder, "--set", die)
    assert done.returncode != 0
    assert f"error: Process {1 - rank} of 2 cannot go on, because another one has died" in done.stderr, done.stderr
    assert (folder / "checkpoints").is_dir() and not (folder / "pred.txt").exists()
    if times(short=0, long=1):
        assert launched(config, tmp_path / "whole").returncode == 0
        assert launched(config, folder, "--resume").returncode == 0
        assert_same_run(tmp_path / "whole", folder)
