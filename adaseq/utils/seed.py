"""One seed for everything that draws random numbers, and snapshots of where each generator stands."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from adaseq.errors import AdaSeqError


def set_seed(seed: int) -> None:
    """Seed Python, NumPy and torch (every device).

    Raises:
        AdaSeqError: the seed is negative or too large for NumPy.
    """
    if not 0 <= seed < 2**32:
        raise AdaSeqError(f"The seed must lie between 0 and 4294967295; got {seed}.")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def rng_state() -> dict[str, Any]:
    """The state of every random generator of this process, as plain values that `torch.load` reads without pickle."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    state: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": [str(name), [int(key) for key in keys], int(position), int(has_gauss), float(gauss)],
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_rng_state(state: dict[str, Any]) -> None:
    """Put every random generator where `rng_state` found it."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.asarray(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
