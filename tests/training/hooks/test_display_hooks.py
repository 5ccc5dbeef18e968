"""Timer, progress and TensorBoard."""

from __future__ import annotations

import builtins
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from adaseq.errors import AdaSeqError
from adaseq.training.hooks.iter_timer_hook import IterTimerHook
from adaseq.training.hooks.progress_hook import ProgressHook
from adaseq.training.hooks.tensorboard_hook import TensorboardHook


def test_waiting_and_working_are_measured(trainer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 10.0, 100.0, 101.0, 105.0, 107.0, 115.0, 200.0, 201.0, 203.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    hook = IterTimerHook()
    hook.before_run(trainer)
    hook.before_epoch(trainer)
    trainer.step(hook)  # waits 1, takes 5
    trainer.step(hook)  # waits 2, takes 10
    trainer.evaluate(hook)
    trainer.step(hook)  # waits 1, takes 3
    assert trainer.averages.since({}) == {"data_load_time": 4 / 3, "iter_time": 6.0}


def test_an_epoch_gets_a_plain_line(trainer: Any, caplog: pytest.LogCaptureFixture) -> None:
    hook = ProgressHook()
    hook.before_run(trainer)
    hook.before_epoch(trainer)
    for _ in range(4):
        trainer.step(hook, loss=2.5)
    with caplog.at_level(logging.INFO):
        trainer.end_epoch(hook)
    assert "epoch 1/5 done: 4 batches, mean loss 2.50000, " in caplog.text


def test_a_terminal_gets_a_bar(
    trainer: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    hook = ProgressHook()
    trainer.progress.epoch, trainer.progress.batch = 1, 2
    hook.before_run(trainer)  # resumed in the midst of an epoch
    for _ in range(2):
        trainer.step(hook)
    hook.after_run(trainer)
    assert "epoch 2/5:  50%" in capsys.readouterr().err


def test_tensorboard_gets_events(trainer: Any, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    hook = TensorboardHook(interval=2)
    hook.before_run(trainer)
    for loss in (1.0, 2.0, 3.0, 5.0):
        trainer.step(hook, loss)
    trainer.evaluate(hook, f1=0.5)
    hook.after_run(trainer)
    events = EventAccumulator(str(tmp_path / "tensorboard_output")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("train/loss")] == [(2, 1.5), (4, 4.0)]
    assert [(e.step, e.value) for e in events.Scalars("eval/f1")] == [(4, 0.5)]
    hook._writer.close()


def test_tensorboard_that_is_not_there_is_named(trainer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "torch.utils.tensorboard":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(AdaSeqError) as error:
        TensorboardHook().before_run(trainer)
    assert str(error.value) == (
        "TensorboardHook needs the package 'tensorboard', which is not installed: pip install tensorboard"
    )
