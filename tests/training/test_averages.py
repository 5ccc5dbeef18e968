"""Averages since a mark, and losses that are not finite."""

from __future__ import annotations

import math

import pytest
import torch

from adaseq.training import averages as module
from adaseq.training.averages import Averages, NonFiniteLoss
from adaseq.training.runtime import Runtime


def add_losses(averages: Averages, *losses: float) -> None:
    for number, loss in enumerate(losses, 1):
        averages.add_loss(number, torch.tensor(loss), torch.tensor([number, number + 100]))


def test_every_reader_has_a_mark_of_its_own(runtime: Runtime) -> None:
    averages = Averages(runtime)
    add_losses(averages, 1.0, 2.0)
    averages.collect()
    mark = averages.mark()
    add_losses(averages, 6.0)
    averages.add("time", 0.5)
    averages.collect()
    assert averages.since(mark) == {"loss": 6.0, "time": 0.5}
    assert averages.since({}) == {"loss": 3.0, "time": 0.5}
    assert averages.since(averages.mark()) == {}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_batch_of_a_bad_loss_is_named(runtime: Runtime, bad: float) -> None:
    averages = Averages(runtime)
    add_losses(averages, 1.0, bad, math.nan)
    with pytest.raises(NonFiniteLoss) as error:
        averages.collect()
    assert error.value.iteration == 2 and error.value.examples == [2, 102]


def test_losses_do_not_pile_up(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_PENDING", 3)
    averages = Averages(runtime)
    add_losses(averages, 1.0, 2.0, 3.0)
    assert averages.since({}) == {"loss": 2.0}


def test_a_saved_state_goes_on(runtime: Runtime) -> None:
    averages = Averages(runtime)
    add_losses(averages, 0.1, 0.2)
    averages.collect()
    other = Averages(runtime)
    other.load_state_dict(averages.state_dict())
    for each in (averages, other):
        add_losses(each, 0.3)
        each.collect()
    assert other.since({}) == averages.since({})
