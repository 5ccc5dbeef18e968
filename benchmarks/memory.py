"""How much memory this process holds, and the most that it has held, in MiB."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

_MIB = 2**20
_STATUS = Path("/proc/self/status")


def resident() -> float:
    """The resident memory of this process."""
    return psutil.Process().memory_info().rss / _MIB


def peak() -> float:
    """The most resident memory of this process so far."""
    if _STATUS.exists():
        # Unlike ru_maxrss it leaves out what the parent had before this program was loaded.
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    unit = 1 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB


def peak_above(work: Callable[[], Any], device: str = "cpu") -> float:
    """The most memory that some work takes above what was there before it; on a GPU, what is allocated there.

    Args:
        work: is done once.
        device: where.
    """
    if device.startswith(("cuda", "gpu")):
        import torch

        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        allocated = torch.cuda.memory_allocated()
        work()
        return (torch.cuda.max_memory_allocated() - allocated) / _MIB
    with contextlib.suppress(OSError):
        # Linux forgets the peak so far; elsewhere an earlier and higher one would hide this one.
        Path("/proc/self/clear_refs").write_text("5")
    before = resident()
    work()
    return peak() - before
