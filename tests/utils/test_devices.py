"""Names of devices, on a machine without a GPU."""

from __future__ import annotations

import pytest
import torch

from adaseq.errors import AdaSeqError
from adaseq.utils.devices import find_device


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)


def test_gpu_falls_back_to_the_cpu_with_a_notice(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="adaseq"):
        assert find_device("gpu") == torch.device("cpu")
    assert caplog.messages == ["No GPU was found; running on the CPU."]


def test_gpu_is_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("gpu") == torch.device("cuda")
    assert find_device("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu0", "device is 'gpu0'; it must be gpu, cpu, cuda, cuda:<number> or mps"),
        ("meta", "device is 'meta'; it must be gpu, cpu, cuda, cuda:<number> or mps"),
        ("cuda:3", "There is no device cuda:3: this machine has 0 CUDA devices. Use -d gpu or -d cpu."),
        ("mps", "There is no device mps on this machine. Use -d gpu or -d cpu."),
    ],
)
def test_a_device_that_is_not_there(name: str, message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        find_device(name)
    assert str(caught.value) == message


def test_several_processes_choose_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(
        AdaSeqError, match="With several processes each takes a GPU of its own: use -d gpu instead of -d cuda:1"
    ):
        find_device("cuda:1")
