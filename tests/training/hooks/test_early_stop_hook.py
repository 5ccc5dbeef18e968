"""Patience."""

from __future__ import annotations

from typing import Any

import pytest

from adaseq.errors import AdaSeqError
from adaseq.training.hooks.early_stop_hook import EarlyStopHook


def evaluations_until_stop(hook: EarlyStopHook, trainer: Any, scores: list[float]) -> int | None:
    for number, score in enumerate(scores, 1):
        trainer.evaluate(hook, f1=score)
        if trainer.progress.should_stop:
            return number
    return None


@pytest.mark.parametrize(
    ("options", "scores", "expected"),
    [
        ({"patience": 2}, [0.1, 0.2, 0.2, 0.1, 0.9], 4),
        ({"patience": 2}, [0.1, 0.2, 0.2, 0.3, 0.1], None),
        ({"patience": 1, "min_delta": 0.1}, [0.1, 0.15], 2),
        ({"patience": 1, "rule": "min"}, [0.5, 0.4, 0.45], 3),
        ({"patience": 1, "interval": 2}, [0.5, 0.4, 0.3, 0.2], 4),
        ({}, [0.1, float("nan")], 2),
        ({"check_finite": False, "patience": 2}, [0.1, float("nan"), float("nan")], 3),
    ],
)
def test_the_training_stops_when_patience_is_exhausted(
    trainer: Any, options: dict[str, Any], scores: list[float], expected: int | None
) -> None:
    assert evaluations_until_stop(EarlyStopHook(**options), trainer, scores) == expected


def test_patience_goes_on_from_a_saved_state(trainer: Any) -> None:
    hook, other = EarlyStopHook(patience=2), EarlyStopHook(patience=2)
    assert evaluations_until_stop(hook, trainer, [0.5, 0.4]) is None
    other.load_state_dict(hook.state_dict())
    assert evaluations_until_stop(other, trainer, [0.4]) == 1


def test_the_test_is_not_watched(trainer: Any) -> None:
    hook = EarlyStopHook(patience=1)
    for _ in range(3):
        trainer.evaluate(hook, mode="test", f1=0.1)
    assert not trainer.progress.should_stop


def test_it_needs_something_to_watch(trainer: Any) -> None:
    trainer.evaluators = {}
    with pytest.raises(
        AdaSeqError, match="EarlyStopHook watches the scores of the validation split, but nothing is evaluated"
    ):
        EarlyStopHook().before_run(trainer)


@pytest.mark.parametrize("options", [{"patience": 0}, {"interval": 0}, {"min_delta": -1.0}])
def test_senseless_numbers_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(AdaSeqError, match="EarlyStopHook: patience"):
        EarlyStopHook(**options)
