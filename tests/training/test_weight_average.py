from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.training.hooks.base import Hook
from adaseq.training.hooks.best_checkpoint_hook import BestCkptSaverHook
from adaseq.training.hooks.checkpoint_hook import CheckpointHook
from adaseq.training.hooks.evaluation_hook import EvaluationHook
from adaseq.training.trainer import Trainer
from adaseq.training.weight_average import WeightAverage

MakeTrainer = Callable[..., Trainer]


class Recorder(Hook):
    """What the weights are at each step and at each evaluation."""

    def __init__(self) -> None:
        self.steps: list[dict[str, torch.Tensor]] = []
        self.evaluated: list[dict[str, torch.Tensor]] = []

    def after_step(self, trainer: Trainer) -> None:
        self.steps.append(weights_of(trainer))

    def after_evaluation(self, trainer: Trainer) -> None:
        self.evaluated.append(weights_of(trainer))


def weights_of(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def assert_same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_it_is_the_exponential_average_with_a_quick_start() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 8.0)
    average = WeightAverage(model, decay=0.25)
    expected = 8.0
    for step, value in enumerate([4.0, 2.0, 6.0, -1.0], 1):
        nn.init.constant_(model.weight, value)
        average.update()
        decay = min(0.25, step / (9 + step))
        expected = decay * expected + (1 - decay) * value
    with average.applied():
        assert model.weight.item() == pytest.approx(expected)
    assert model.weight.item() == -1.0


def test_what_is_frozen_stays_and_statistics_are_averaged() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    model[0].requires_grad_(False)
    frozen = model[0].weight.clone()
    average = WeightAverage(model, decay=0.5)
    model(torch.randn(8, 2))
    average.update()
    average.apply()
    assert torch.equal(model[0].weight, frozen)
    assert model[1].running_mean.abs().sum() > 0 and model[1].num_batches_tracked == 1


def test_evaluations_and_the_saved_model_have_the_average_and_the_training_does_not_notice(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    recorders, trainers = [], []
    for decay in (None, 0.9):
        recorders.append(Recorder())
        hooks = [EvaluationHook(), BestCkptSaverHook(), recorders[-1]]
        (tmp_path / str(decay)).mkdir()
        trainers.append(make_trainer(hooks, ema_decay=decay, work_dir=tmp_path / str(decay)))
        trainers[-1].run()
    for plain, averaged in zip(recorders[0].steps, recorders[1].steps, strict=True):
        assert_same(plain, averaged)
    updates = len(recorders[1].steps) // 3
    for epoch, evaluated in enumerate(recorders[1].evaluated, 1):
        assert not torch.equal(evaluated["output.weight"], recorders[1].steps[epoch * updates - 1]["output.weight"])
    best = torch.load(tmp_path / "0.9" / "best_model.pth", weights_only=True)
    assert any(all(torch.equal(best[name], each[name]) for name in best) for each in recorders[1].evaluated)
    assert_same(weights_of(trainers[1]), best)


def test_what_is_saved_at_intervals_is_the_average(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    hooks = [EvaluationHook(), BestCkptSaverHook(restore_best=False), CheckpointHook(), recorder := Recorder()]
    trainer = make_trainer(hooks, ema_decay=0.9)
    trainer.run()
    for epoch, evaluated in enumerate(recorder.evaluated, 1):
        assert_same(torch.load(tmp_path / f"epoch_{epoch}.pth", weights_only=True), evaluated)
    assert_same(weights_of(trainer), recorder.evaluated[-1])


def test_the_best_weights_are_put_back_as_they_were_saved(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    """By then the training is over: what is saved behind it is no average of something else."""
    trainer = make_trainer([EvaluationHook(), BestCkptSaverHook()], ema_decay=0.9)
    trainer.run()
    trainer.save_weights(tmp_path / "again.pth")
    best, again = (torch.load(tmp_path / name, weights_only=True) for name in ("best_model.pth", "again.pth"))
    assert_same(best, again)


def test_a_threshold_that_an_evaluation_has_set_is_not_averaged() -> None:
    model = nn.Linear(1, 1)
    model.register_buffer("threshold", torch.tensor(0.5))
    average = WeightAverage(model, decay=0.5)
    with average.applied():
        model.threshold.fill_(0.75)
    average.update()
    average.apply()
    assert model.threshold.item() == 0.75


def test_without_evaluation_the_average_is_what_is_left(make_trainer: MakeTrainer) -> None:
    recorder = Recorder()
    trainer = make_trainer([recorder], ema_decay=0.9)
    trainer.run()
    last = recorder.steps[-1]
    assert not torch.equal(weights_of(trainer)["output.weight"], last["output.weight"])


@pytest.mark.parametrize("stopped_at", [4, 13])
def test_a_resumed_run_is_the_same(make_trainer: MakeTrainer, tmp_path: Path, stopped_at: int) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"

    class Stop(Hook):
        """Dies."""

        def after_step(self, trainer: Trainer) -> None:
            if trainer.progress.iteration == stopped_at:
                raise KeyboardInterrupt

    def hooks(*more: Hook) -> list[Hook]:
        return [EvaluationHook(), BestCkptSaverHook(), CheckpointHook(interval=3, by_epoch=False), *more]

    for folder in (whole, parts):
        folder.mkdir()
    options: dict[str, Any] = {"ema_decay": 0.9}
    straight = make_trainer(hooks(), work_dir=whole, **options)
    straight.run()
    with pytest.raises(KeyboardInterrupt):
        make_trainer(hooks(Stop()), work_dir=parts, **options).run()
    resumed = make_trainer(hooks(), work_dir=parts, **options)
    assert resumed.resume()
    resumed.run()
    assert_same(weights_of(straight), weights_of(resumed))


def test_a_checkpoint_without_an_average_is_refused(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer([CheckpointHook()], max_epochs=1)
    trainer.run()
    with pytest.raises(AdaSeqError, match="has no average of the weights"):
        make_trainer([], ema_decay=0.9).resume()
    shutil.rmtree(tmp_path / "checkpoints")
