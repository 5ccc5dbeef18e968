"""When evaluations and checkpoints are due."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from adaseq.training.hooks.checkpoint_hook import CheckpointHook
from adaseq.training.hooks.evaluation_hook import EvaluationHook


def evaluations(hook: EvaluationHook, trainer: Any) -> list[tuple[int, int]]:
    """Epoch (from 1) and batch of each evaluation asked for, over 5 epochs of 4 batches."""
    asked = []

    def note() -> None:
        if trainer.progress.is_evaluation_due:
            asked.append((trainer.progress.epoch + 1, trainer.progress.batch))
            trainer.progress.is_evaluation_due = False

    for _ in range(5):
        for _ in range(4):
            trainer.step(hook)
            note()
        hook.after_epoch(trainer)
        note()
        trainer.progress.epoch, trainer.progress.batch = trainer.progress.epoch + 1, 0
    return asked


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [(1, 4), (2, 4), (3, 4), (4, 4), (5, 4)]),
        ({"interval": 2}, [(2, 4), (4, 4)]),
        ({"interval": 2, "start_idx": 3}, [(3, 4), (5, 4)]),
        ({"interval": 6, "by_epoch": False}, [(2, 2), (3, 4), (5, 2)]),
        ({"interval": 6, "eval_strategy": "by_step"}, [(2, 2), (3, 4), (5, 2)]),
        ({"interval": 8, "by_epoch": False, "start_idx": 10}, [(3, 2), (5, 2)]),
        ({"eval_strategy": "no"}, []),
        ({"interval": 0}, []),
    ],
)
def test_evaluations_are_due_at_intervals(trainer: Any, options: dict[str, Any], expected: Any) -> None:
    assert evaluations(EvaluationHook(**options), trainer) == expected


def test_without_validation_data_nothing_is_due(trainer: Any) -> None:
    trainer.evaluators = {}
    assert evaluations(EvaluationHook(), trainer) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [f"epoch_{n}.pth" for n in (1, 2, 3, 4, 5)]),
        ({"interval": 2}, ["epoch_2.pth", "epoch_4.pth", "epoch_5.pth"]),
        ({"interval": 2, "save_last": False}, ["epoch_2.pth", "epoch_4.pth"]),
        ({"interval": 2, "max_checkpoint_num": 1}, ["epoch_5.pth"]),
        ({"interval": 8, "by_epoch": False, "save_last": False}, ["iter_16.pth", "iter_8.pth"]),
        ({"interval": 10, "save_strategy": "by_step"}, ["iter_10.pth", "iter_20.pth"]),
        ({"save_strategy": "no", "save_last": False}, []),
        ({"interval": 0}, ["epoch_5.pth"]),
    ],
)
def test_weights_are_saved_at_intervals(
    trainer: Any, tmp_path: Path, options: dict[str, Any], expected: list[str]
) -> None:
    hook = CheckpointHook(**options)
    hook.before_run(trainer)
    for _ in range(5):
        for _ in range(4):
            trainer.step(hook)
        trainer.end_epoch(hook)
    hook.after_run(trainer)
    assert sorted(path.name for path in tmp_path.glob("*.pth")) == expected
    assert (tmp_path / "output").is_dir() == bool(expected)
    for name in expected:
        kind, number = name.removesuffix(".pth").split("_")
        weight = torch.load(tmp_path / name, weights_only=True)["weight"].item()
        assert weight == int(number) * (4 if kind == "epoch" else 1)


def test_steps_ask_for_a_checkpoint_to_resume_from(trainer: Any) -> None:
    hook = CheckpointHook(interval=2, by_epoch=False)
    hook.before_run(trainer)
    trainer.step(hook)
    assert not trainer.is_checkpoint_due
    trainer.step(hook)
    assert trainer.is_checkpoint_due
    other = CheckpointHook(interval=2, by_epoch=False)
    other.load_state_dict(hook.state_dict())
    assert other.state_dict() == {"saved": ["iter_2.pth"], "saved_at": 2}
