"""Learning rates step by step: against transformers' own schedules, and against the formulas."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.optim import SGD, Optimizer

from adaseq.errors import AdaSeqError
from adaseq.training.schedule import Schedule, build_schedule

UPDATES_PER_EPOCH, EPOCHS = 5, 4
UPDATES = UPDATES_PER_EPOCH * EPOCHS
BASE = 0.1


def optimizer_of(lr: float = BASE) -> Optimizer:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def run(
    schedule: Schedule, optimizer: Optimizer, updates: int = UPDATES, start: int = 0, scores: Any = None
) -> list[float]:
    """The learning rate of each optimizer step."""
    rates = []
    for update in range(start, updates):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.after_update()
        if (update + 1) % UPDATES_PER_EPOCH == 0:
            if scores is not None:
                schedule.after_evaluation({"f1": scores[update // UPDATES_PER_EPOCH]})
            schedule.after_epoch()
    return rates


def rates_of(block: dict[str, Any], **arguments: Any) -> list[float]:
    optimizer = optimizer_of()
    return run(build_schedule(block, optimizer, UPDATES, EPOCHS), optimizer, **arguments)


TRANSFORMERS = [
    ("constant", {}, {}),
    ("constant_with_warmup", {"warmup_steps": 4}, {}),
    ("linear", {"warmup_rate": 0.2}, {}),
    ("linear", {}, {}),
    ("cosine", {"warmup_steps": 3}, {}),
    ("cosine", {"num_cycles": 1.5}, {"num_cycles": 1.5}),
    ("cosine_with_restarts", {"warmup_steps": 2, "num_cycles": 3}, {"num_cycles": 3}),
    ("cosine_with_min_lr", {"warmup_steps": 2, "min_lr": 0.01}, {"min_lr": 0.01}),
    ("cosine_with_min_lr", {"min_lr_rate": 0.2}, {"min_lr_rate": 0.2}),
    ("polynomial", {"warmup_steps": 2, "power": 2.0, "lr_end": 1e-3}, {"power": 2.0, "lr_end": 1e-3}),
    ("inverse_sqrt", {"warmup_steps": 4}, {}),
    ("inverse_sqrt", {}, {}),
    ("warmup_stable_decay", {"warmup_steps": 3, "num_decay_steps": 8}, {"num_decay_steps": 8}),
]


@pytest.mark.parametrize(("name", "options", "theirs"), TRANSFORMERS)
def test_names_of_transformers_give_the_rates_of_transformers(
    name: str, options: dict[str, Any], theirs: dict[str, Any]
) -> None:
    from transformers import get_scheduler

    warmup = options.get("warmup_steps", round(options.get("warmup_rate", 0.0) * UPDATES))
    optimizer = optimizer_of()
    takes_total = "constant" not in name and name != "inverse_sqrt"
    reference = get_scheduler(
        name,
        optimizer,
        num_warmup_steps=warmup,
        num_training_steps=UPDATES if takes_total else None,
        scheduler_specific_kwargs=theirs,
    )
    expected = []
    for _ in range(UPDATES):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        reference.step()
    assert rates_of({"type": name, **options}) == pytest.approx(expected, abs=1e-12)


def test_torch_classes_step_with_the_epochs() -> None:
    assert rates_of({"type": "StepLR", "step_size": 1, "gamma": 0.5}) == pytest.approx(
        [BASE * 0.5**epoch for epoch in range(EPOCHS) for _ in range(UPDATES_PER_EPOCH)]
    )


@pytest.mark.parametrize("options", [{"by_epoch": False}, {"lr_strategy": "by_step"}])
def test_torch_classes_can_step_with_the_optimizer(options: dict[str, Any]) -> None:
    rates = rates_of({"type": "ExponentialLR", "gamma": 0.9, "options": options})
    assert rates == pytest.approx([BASE * 0.9**update for update in range(UPDATES)])


def test_names_of_transformers_can_step_with_the_epochs() -> None:
    rates = rates_of({"type": "linear", "options": {"by_epoch": True}})
    assert rates == pytest.approx(
        [BASE * (1 - epoch / EPOCHS) for epoch in range(EPOCHS) for _ in range(UPDATES_PER_EPOCH)]
    )


def test_a_schedule_can_be_switched_off() -> None:
    assert rates_of({"type": "linear", "options": {"lr_strategy": "no"}}) == [BASE] * UPDATES


@pytest.mark.parametrize("warmup", [{"warmup_steps": 4}, {"warmup_rate": 0.2}])
@pytest.mark.parametrize("strategy", ["by_epoch", "no"])
def test_a_warmup_takes_optimizer_steps_whatever_the_schedule_counts(warmup: dict[str, Any], strategy: str) -> None:
    block = {"type": "linear", "options": {"lr_strategy": strategy}}
    expected = [rate * min(1.0, step / 4) for step, rate in enumerate(rates_of(block))]
    assert rates_of({**block, **warmup}) == pytest.approx(expected)


@pytest.mark.parametrize(("options", "steps"), [({}, EPOCHS), ({"by_epoch": False}, UPDATES)])
def test_an_empty_total_iters_means_the_whole_training(options: dict[str, Any], steps: int) -> None:
    block = {"type": "LinearLR", "start_factor": 1.0, "end_factor": 0.0, "total_iters": None, "options": options}
    per_step = UPDATES // steps
    expected = [BASE * (1 - (update // per_step) / steps) for update in range(UPDATES)]
    assert rates_of(block) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "factor"),
    [
        ("LinearWarmup", lambda step: 0.1 + 0.9 * step / 7),
        ("ConstantWarmup", lambda step: 0.1),
        ("ExponentialWarmup", lambda step: 0.1 ** (1 - step / 7)),
    ],
)
@pytest.mark.parametrize(
    "block",
    [
        {"type": "ExponentialLR", "gamma": 0.9, "options": {"by_epoch": False}},
        {"type": "ExponentialLR", "gamma": 0.9},
        {"type": "linear"},
        {"type": "CosineAnnealingLR", "T_max": UPDATES, "options": {"by_epoch": False}},
        {"type": "MultiStepLR", "milestones": [1, 2]},
    ],
)
def test_a_warmup_multiplies_any_schedule(block: dict[str, Any], kind: str, factor: Any) -> None:
    """Also those that compute the next rate from the present one."""
    plain_rates = rates_of(block)
    warmup = {"type": kind, "warmup_iters": 7, "warmup_ratio": 0.1}
    rates = rates_of({**block, "options": {**block.get("options", {}), "warmup": warmup}})
    expected = [rate * (factor(step) if step < 7 else 1.0) for step, rate in enumerate(plain_rates)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("options", [{"warmup_steps": 4}, {"warmup_rate": 0.2}])
def test_torch_classes_take_the_short_warmup_too(options: dict[str, Any]) -> None:
    rates = rates_of({"type": "StepLR", "step_size": 100, **options})
    assert rates == pytest.approx([BASE * min(1.0, step / 4) for step in range(UPDATES)])


@pytest.mark.parametrize(
    "block",
    [
        {"type": "linear"},
        {"type": "StepLR", "step_size": 3},
        {"type": "StepLR", "step_size": 3, "options": {"warmup": {"type": "LinearWarmup"}}},
    ],
)
def test_a_warmup_longer_than_the_training_is_said(block: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    for steps in (UPDATES, UPDATES + 1):
        length: dict[str, Any] = {"warmup_steps": steps}
        if "options" in block:
            length = {"options": {"warmup": {"type": "LinearWarmup", "warmup_iters": steps}}}
        caplog.clear()
        build_schedule({**block, **length}, optimizer_of(), UPDATES, EPOCHS).check_length(UPDATES, EPOCHS)
        told = [f"the warm-up takes {steps} steps and the training {UPDATES}" in each for each in caplog.messages]
        assert told == [True] * (steps > UPDATES)


@pytest.mark.parametrize("name", ["ReduceLROnPlateau", "reduce_lr_on_plateau"])
@pytest.mark.parametrize(("mode", "rule"), [(None, "max"), ("max", "min")])
def test_a_plateau_scheduler_follows_the_score(name: str, mode: str | None, rule: str) -> None:
    optimizer = optimizer_of()
    block = {"type": name, "factor": 0.1, "patience": 0, "mode": mode}
    schedule = build_schedule(block, optimizer, UPDATES, EPOCHS, "f1", rule)
    rates = run(schedule, optimizer, scores=[0.5, 0.6, 0.6, 0.7])
    assert rates[::UPDATES_PER_EPOCH] == pytest.approx([BASE, BASE, BASE, BASE / 10])


def test_a_plateau_scheduler_names_the_scores_that_there_are() -> None:
    schedule = build_schedule({"type": "ReduceLROnPlateau"}, optimizer_of(), UPDATES, EPOCHS, "f2")
    with pytest.raises(AdaSeqError) as error:
        schedule.after_evaluation({"f1": 0.5, "recall": 0.4})
    assert str(error.value) == (
        "The learning rate follows the score 'f2', which no metric gives; there are: f1, recall."
    )


@pytest.mark.parametrize(
    "block",
    [
        *({"type": name, **options} for name, options, _ in TRANSFORMERS),
        {"type": "StepLR", "step_size": 2, "warmup_steps": 7},
        {"type": "MultiStepLR", "milestones": [1, 3]},
        {"type": "ExponentialLR", "gamma": 0.9, "options": {"by_epoch": False, "warmup": {"warmup_iters": 9}}},
        {"type": "OneCycleLR", "max_lr": 1.0, "total_steps": UPDATES + 1, "options": {"by_epoch": False}},
        {"type": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "options": {"by_epoch": False}},
        {"type": "CosineAnnealingWarmRestarts", "T_0": 2},
        {"type": "PolynomialLR", "total_iters": None, "power": 2.0},
    ],
)
@pytest.mark.parametrize("stopped_at", [3, 10, 13])
def test_every_schedule_goes_on_exactly(block: dict[str, Any], stopped_at: int, tmp_path: Any) -> None:
    if block["type"] == "OneCycleLR":
        block = {**block, "cycle_momentum": False}
    if block["type"] == "CyclicLR":
        block = {**block, "cycle_momentum": False}
    whole = rates_of(block)
    optimizer = optimizer_of()
    schedule = build_schedule(block, optimizer, UPDATES, EPOCHS)
    run(schedule, optimizer, updates=stopped_at)
    torch.save([schedule.state_dict(), optimizer.state_dict()], tmp_path / "state.pt")
    states = torch.load(tmp_path / "state.pt", weights_only=True)
    optimizer = optimizer_of()
    schedule = build_schedule(block, optimizer, UPDATES, EPOCHS)
    optimizer.load_state_dict(states[1])
    schedule.load_state_dict(states[0])
    assert run(schedule, optimizer, start=stopped_at) == whole[stopped_at:]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            {"type": "linear", "warmup_steps": 3, "options": {"warmup": {"warmup_iters": 2}}},
            "train.lr_scheduler: give options.warmup or warmup_rate/warmup_steps, not both",
        ),
        (
            {"type": "linear", "warmup_rate": 0.1, "warmup_steps": 2},
            "train.lr_scheduler: give warmup_rate or warmup_steps, not both",
        ),
        (
            {"type": "linear", "warmup_rate": 100},
            "train.lr_scheduler.warmup_rate is 100; it is a share of all steps, between 0 and 1",
        ),
        (
            {"type": "linear", "options": {"warmup": {"type": "LinearWarmpu"}}},
            (
                "train.lr_scheduler.options.warmup.type is 'LinearWarmpu'; did you mean 'LinearWarmup'? known: LinearWarmup, "
                "ConstantWarmup, ExponentialWarmup."
            ),
        ),
        (
            {"type": "polynomial", "lr_end": 1.0},
            "train.lr_scheduler: lr_end (1.0) must be less than the optimizer's lr (0.1)",
        ),
        ({"type": "cosine_with_min_lr"}, "train.lr_scheduler: cosine_with_min_lr needs one of min_lr and min_lr_rate"),
        (
            {"type": "LinearLR", "start_factor": 0.0},
            (
                "train.lr_scheduler: LinearLR refuses its arguments: Starting multiplicative factor expected to be greater than 0 "
                "and less or equal to 1."
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_schedule_is_said(block: dict[str, Any], message: str) -> None:
    with pytest.raises(AdaSeqError) as error:
        build_schedule(block, optimizer_of(), UPDATES, EPOCHS)
    assert str(error.value) == message


def test_each_group_keeps_its_proportion() -> None:
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = SGD([{"params": parameters[:1]}, {"params": parameters[1:], "lr": 1.0}], lr=BASE)
    schedule = build_schedule({"type": "linear", "warmup_steps": 2}, optimizer, UPDATES, EPOCHS)
    for _ in range(UPDATES - 1):
        optimizer.step()
        schedule.after_update()
        assert math.isclose(optimizer.param_groups[1]["lr"], optimizer.param_groups[0]["lr"] * 10)
