"""What figures depend on: the processor, what else it does, the versions of the libraries."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

import psutil

from adaseq.version import __version__

PACKAGES = ("torch", "transformers", "accelerate", "tokenizers", "datasets", "numpy", "pyarrow", "pydantic")

# What the instructions are called on x86 and on ARM processors.
_BF16 = ("amx_bf16", "avx512_bf16", "avx10_2", "bf16", "sve_bf16")


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, cores, threads, load, versions."""
    facts: dict[str, Any] = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average": list(os.getloadavg()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "adaseq": __version__,
    }
    for package in PACKAGES:
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            facts[package] = None
    torch = sys.modules.get("torch")
    if torch is not None:
        facts["torch_threads"] = torch.get_num_threads()
        facts["torch_cpu_capability"] = torch.backends.cpu.get_cpu_capability()
        facts["bf16_instructions"] = has_bf16_instructions()
    return facts


def has_bf16_instructions() -> bool | None:
    """Whether the processor multiplies bfloat16 numbers itself; None if torch cannot tell."""
    import torch

    ask = getattr(torch.cpu, "get_capabilities", None)
    known = ask() if ask else {}
    return any(known.get(name) for name in _BF16) if known else None


def busy_seconds() -> float:
    """Core seconds that the machine has worked."""
    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))


def own_seconds() -> float:
    """Core seconds that this process and its finished children have worked."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
