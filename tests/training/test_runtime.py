"""Devices, precision, and what several processes do together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.training.runtime import Runtime


def test_one_process_is_a_group_of_its_own(runtime: Runtime) -> None:
    assert (runtime.rank, runtime.world_size, runtime.is_main, runtime.device.type) == (0, 1, True, "cpu")
    assert runtime.gather([1, 2]) == [1, 2] and runtime.broadcast("x") == "x" and runtime.any(True)
    with pytest.raises(AdaSeqError, match="ours"):
        runtime.on_main(lambda: (_ for _ in ()).throw(AdaSeqError("ours")))


def test_one_program_can_run_in_one_precision_after_another() -> None:
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp32", torch.float32)):
        runtime = Runtime("cpu", precision)
        with runtime.autocast():
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
        runtime.close()


def test_half_precision_without_a_gpu_is_full_precision_with_a_notice(caplog: pytest.LogCaptureFixture) -> None:
    runtime = Runtime("cpu", "fp16")
    with runtime.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    assert "fp16 needs a GPU; computing in fp32." in caplog.text
    runtime.close()


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(AdaSeqError, match="precision is 'int8'; it must be fp32, bf16 or fp16"):
        Runtime("cpu", "int8")


def test_gradients_are_clipped_and_applied(runtime: Runtime) -> None:
    model = nn.Linear(2, 1, bias=False)
    before = model.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    wrapped = runtime.prepare(model, optimizer)
    runtime.backward(wrapped(torch.tensor([[3.0, 4.0]])).sum())
    norm = runtime.clip_gradients(list(model.parameters()), 1.0, 2.0)
    assert norm.item() == pytest.approx(5.0)
    assert runtime.optimizer_step()
    assert torch.allclose(before - model.weight, torch.tensor([[0.6, 0.8]]), atol=1e-6)


@pytest.mark.parametrize(("arguments", "shown"), [([], "fine"), (["lose"], "missed"), (["leave"], "left\nleft")])
def test_two_processes_work_together(arguments: list[str], shown: str) -> None:
    script = Path(__file__).with_name("two_processes.py")
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        str(script),
        *arguments,
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.strip() == shown and (done.returncode == 0) == (arguments != ["lose"]), done.stderr[-3000:]
