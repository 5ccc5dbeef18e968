"""One seed, and where every generator stands."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from adaseq.errors import AdaSeqError
from adaseq.utils.seed import rng_state, set_rng_state, set_seed


def draw() -> list[float]:
    return [random.random(), random.gauss(0, 1), np.random.random(), np.random.normal(), torch.rand(1).item()]


def test_the_same_seed_draws_the_same_numbers() -> None:
    set_seed(7)
    first = draw()
    set_seed(7)
    assert draw() == first
    set_seed(8)
    assert draw() != first


def test_a_saved_state_goes_on_where_it_was(tmp_path: Path) -> None:
    set_seed(7)
    draw()
    torch.save(rng_state(), tmp_path / "rng.pt")
    expected = draw()
    draw()
    set_rng_state(torch.load(tmp_path / "rng.pt", weights_only=True))
    assert draw() == expected


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_numpy_cannot_take_is_refused(seed: int) -> None:
    with pytest.raises(AdaSeqError, match=f"must lie between 0 and 4294967295; got {seed}"):
        set_seed(seed)
