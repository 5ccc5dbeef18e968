"""The device that a user names."""

from __future__ import annotations

import contextlib
import logging
import os

import torch

from adaseq.errors import AdaSeqError

logger = logging.getLogger(__name__)


def find_device(name: str) -> torch.device:
    """The device that a user names.

    Args:
        name: `gpu` (falls back to the CPU with a notice), `cpu`, `cuda`, `cuda:<number>` or `mps`.

    Raises:
        AdaSeqError: there is no such device here.
    """
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if name == "gpu":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available() and not several:
            return torch.device("mps")
        logger.info("No GPU was found; running on the CPU.")
        return torch.device("cpu")
    device: torch.device | None = None
    with contextlib.suppress(RuntimeError):
        device = torch.device(name)
    if device is None or device.type not in ("cpu", "cuda", "mps"):
        raise AdaSeqError(f"device is '{name}'; it must be gpu, cpu, cuda, cuda:<number> or mps")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise AdaSeqError(
            f"There is no device {name}: this machine has {torch.cuda.device_count()} CUDA devices. Use -d gpu or -d cpu."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise AdaSeqError("There is no device mps on this machine. Use -d gpu or -d cpu.")
    if several and device.index is not None:
        raise AdaSeqError(f"With several processes each takes a GPU of its own: use -d gpu instead of -d {name}.")
    return device
