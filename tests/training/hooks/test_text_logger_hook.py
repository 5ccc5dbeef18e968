"""Lines: when, and what is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adaseq.training.hooks.text_logger_hook import TextLoggerHook


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run(hook: TextLoggerHook, trainer: Any, epochs: int = 2) -> None:
    hook.before_run(trainer)
    for _ in range(epochs):
        for batch in range(4):
            trainer.progress.learning_rate = 1 / 3
            trainer.step(hook, loss=float(batch))
        trainer.end_epoch(hook)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"interval": 2}, [(1, 2, 0.5), (1, 4, 2.5), (2, 2, 0.5), (2, 4, 2.5)]),
        ({"interval": 3}, [(1, 3, 1.0), (2, 3, 1.5)]),
        ({"interval": 3, "ignore_last": False}, [(1, 3, 1.0), (1, 4, 3.0), (2, 3, 1.0), (2, 4, 3.0)]),
        ({"interval": 3, "by_epoch": False}, [(1, 3, 1.0), (2, 6, 4 / 3)]),
        ({}, []),
    ],
)
def test_averages_are_written_at_intervals(
    trainer: Any, tmp_path: Path, options: dict[str, Any], expected: list[tuple[int, int, float]]
) -> None:
    run(TextLoggerHook(**options), trainer)
    written = lines(tmp_path / "metrics.json")
    assert [(line["epoch"], line["iter"], line["loss"]) for line in written] == [
        (epoch, iteration, round(loss, 5)) for epoch, iteration, loss in expected
    ]
    assert all(line["lr"] == 1 / 3 for line in written)


def test_place_and_rounding_can_be_chosen(trainer: Any, tmp_path: Path) -> None:
    folder = tmp_path / "else" / "where"
    hook = TextLoggerHook(
        interval=3, out_dir=str(folder), filename="numbers", rounding_digits=2, ignore_rounding_keys=["loss"]
    )
    run(hook, trainer, epochs=2)
    assert [(line["lr"], line["loss"]) for line in lines(folder / "numbers.json")] == [(0.33, 1.0), (0.33, 1.5)]


def test_scores_have_lines_of_their_own(trainer: Any, tmp_path: Path) -> None:
    hook = TextLoggerHook()
    hook.before_run(trainer)
    trainer.evaluate(hook, f1=0.123456, precision=1.0)
    trainer.evaluate(hook, mode="test", f1=0.5)
    assert lines(tmp_path / "metrics.json") == [
        {
            "mode": "eval",
            "split": "valid",
            "epoch": 1,
            "iter": 3,
            "lr": 0.0,
            "evaluation/f1": 0.12346,
            "evaluation/precision": 1.0,
        },
        {"mode": "test", "seed": 7, "f1": 0.5},
    ]


def test_lines_of_steps_that_are_taken_again_are_cut_off(trainer: Any, tmp_path: Path) -> None:
    hook = TextLoggerHook(interval=3)
    run(hook, trainer, epochs=1)
    state = hook.state_dict()
    before = lines(tmp_path / "metrics.json")
    for batch in range(3):
        trainer.step(hook, loss=float(batch))
    assert len(lines(tmp_path / "metrics.json")) == 2
    with (tmp_path / "metrics.json").open("a") as file:
        file.write('{"mode": "tra')
    again = TextLoggerHook(interval=3)
    again.load_state_dict(state)
    again.before_run(trainer)
    assert lines(tmp_path / "metrics.json") == before


def test_lines_of_other_runs_in_a_folder_of_ones_own_stay(trainer: Any, tmp_path: Path) -> None:
    folder = tmp_path / "all runs"
    for _ in range(2):
        run(TextLoggerHook(interval=4, out_dir=str(folder)), trainer, epochs=1)
    assert len(lines(folder / "metrics.json")) == 2
