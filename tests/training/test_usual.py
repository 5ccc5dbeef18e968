"""What is taken to be usual, and so is not tried, does work."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from adaseq.training.optimizer import build_optimizer
from adaseq.training.schedule import build_schedule
from adaseq.training.usual import is_usual_optimizer, is_usual_schedule

RATES = st.floats(0, 10)
BETAS = st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=2)
SHARES = st.floats(1e-6, 1)


@settings(max_examples=40, deadline=None)
@given(
    block=st.one_of(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["Adam", "AdamW"]), "lr": RATES},
            optional={"betas": BETAS, "weight_decay": RATES, "amsgrad": st.just(False), "eps": st.floats(1e-12, 1)},
        ),
        st.fixed_dictionaries({"type": st.just("SGD"), "lr": RATES}, optional={"momentum": RATES, "dampening": RATES}),
    ),
    schedule=st.one_of(
        st.fixed_dictionaries(
            {
                "type": st.just("LinearLR"),
                "start_factor": SHARES,
                "end_factor": st.floats(0, 1),
                "total_iters": st.integers(1, 9),
            }
        ),
        st.fixed_dictionaries(
            {"type": st.sampled_from(["constant", "linear", "cosine"]), "warmup_rate": st.floats(0, 1)}
        ),
    ),
)
def test_what_is_usual_works(block: dict[str, Any], schedule: dict[str, Any]) -> None:
    assert is_usual_optimizer(block) and is_usual_schedule(schedule)
    model = nn.Linear(2, 2)
    optimizer = build_optimizer(block, model)
    built = build_schedule(schedule, optimizer, num_updates=6, num_epochs=3)
    for _ in range(6):
        sum(each.square().sum() for each in model.parameters()).backward()  # type: ignore[union-attr]
        optimizer.step()
        built.after_update()
    built.after_epoch()


@pytest.mark.parametrize(
    "block",
    [
        {"type": "AdamW", "lr": -1.0},
        {"type": "AdamW", "lr": float("nan")},
        {"type": "AdamW", "lr": 1e-3, "betas": [0.9, 1.0]},
        {"type": "AdamW", "lr": 1e-3, "fused": True},
        {"type": "AdamW", "lr": 1e-3, "param_groups": [{"regex": "crf", "lr": "fast"}]},
        {"type": "SGD", "lr": 0.1, "nesterov": True},
        {"type": "Adagrad", "lr": 0.1},
    ],
)
def test_optimizers_that_are_tried(block: dict[str, Any]) -> None:
    assert not is_usual_optimizer(block)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "LinearLR", "start_factor": 0.0},
        {"type": "LinearLR", "total_iters": 0},
        {"type": "LinearLR", "last_epoch": 4},
        {"type": "linear", "warmup_rate": 1.5},
        {"type": "linear", "warmup_rate": 0.1, "warmup_steps": 3},
        {"type": "linear", "options": {"warmup": {"type": "LinearWarmup", "warmup_iters": -1}}},
        {"type": "StepLR", "step_size": 3},
    ],
)
def test_schedules_that_are_tried(block: dict[str, Any]) -> None:
    assert not is_usual_schedule(block)
