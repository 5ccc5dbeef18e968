"""The loop: what is trained, when hooks are called, and that a run goes on exactly where it was stopped."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from adaseq.errors import AdaSeqError
from adaseq.training.gradient_clipping import GradientClipping
from adaseq.training.hooks.base import STAGES, Hook
from adaseq.training.hooks.best_checkpoint_hook import BestCkptSaverHook
from adaseq.training.hooks.checkpoint_hook import CheckpointHook
from adaseq.training.hooks.early_stop_hook import EarlyStopHook
from adaseq.training.hooks.evaluation_hook import EvaluationHook
from adaseq.training.hooks.iter_timer_hook import IterTimerHook
from adaseq.training.hooks.text_logger_hook import TextLoggerHook
from adaseq.training.interrupts import TrainingInterrupted
from adaseq.training.trainer import Trainer
from tests.training.conftest import Share

MakeTrainer = Callable[..., Trainer]


class Recorder(Hook):
    """Remembers the stages."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name in STAGES:
            stages = object.__getattribute__(self, "stages")
            return lambda trainer: stages.append(name)
        return object.__getattribute__(self, name)

    before_run = before_epoch = before_step = after_step = after_epoch = after_evaluation = after_run = lambda s, t: (
        None
    )


class StopAt(Hook):
    """Sends a signal, or dies, after so many batches."""

    order = 99

    def __init__(self, iteration: int, signum: int | None = None) -> None:
        self.iteration, self.signum = iteration, signum

    def after_step(self, trainer: Trainer) -> None:
        if trainer.progress.iteration == self.iteration:
            if self.signum is None:
                raise RuntimeError("killed")
            signal.raise_signal(self.signum)


def standard_hooks(*more: Hook, every: int = 4) -> list[Hook]:
    saving = CheckpointHook(interval=every, by_epoch=False, save_last=False, max_checkpoint_num=1)
    return [IterTimerHook(), EvaluationHook(), BestCkptSaverHook(), TextLoggerHook(interval=3), saving, *more]


def metric_lines(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.json").read_text().splitlines()]
    return [{key: value for key, value in line.items() if "time" not in key} for line in lines]


def weights_of(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def assert_same_weights(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def test_stages_come_in_order(make_trainer: MakeTrainer) -> None:
    recorder = Recorder()
    make_trainer([recorder, EvaluationHook()], count=8, max_epochs=2).run()
    epoch = ["before_epoch", *["before_step", "after_step"] * 2, "after_epoch", "after_evaluation"]
    assert recorder.stages == ["before_run", *epoch, *epoch, "after_run"]


def test_training_learns_and_writes_its_files(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer(standard_hooks(), max_epochs=10)
    trainer.run()
    losses = [line["loss"] for line in metric_lines(tmp_path) if line["mode"] == "train"]
    assert losses[-1] < losses[0] / 2
    best = torch.load(tmp_path / "best_model.pth", weights_only=True)
    assert_same_weights(best, weights_of(trainer))
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2


def test_metrics_json_has_the_lines_of_the_old_one(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer([IterTimerHook(), EvaluationHook(), TextLoggerHook(interval=5)], max_epochs=1)
    trainer.run()
    trainer.test()
    lines = [json.loads(line) for line in (tmp_path / "metrics.json").read_text().splitlines()]
    assert [list(line) for line in lines] == [
        ["mode", "epoch", "iter", "lr", "data_load_time", "loss", "iter_time"],
        ["mode", "epoch", "iter", "lr", "data_load_time", "loss", "iter_time"],
        ["mode", "split", "epoch", "iter", "lr", "evaluation/f1"],
        ["mode", "seed", "f1"],
    ]
    assert [line.get("iter") for line in lines] == [5, 10, 3, None]
    assert lines[2]["split"] == "valid" and lines[3]["mode"] == "test" and lines[3]["seed"] == 3
    assert all(round(line["loss"], 5) == line["loss"] for line in lines[:2])


@pytest.mark.parametrize("accumulation", [1, 3])
@pytest.mark.parametrize("stopped_at", [2, 7, 10, 13, 24, 29])
def test_a_killed_run_goes_on_exactly(
    make_trainer: MakeTrainer, tmp_path: Path, accumulation: int, stopped_at: int
) -> None:
    """Whatever was written after the last checkpoint is taken back; weights, scores and lines come out equal."""
    options = {
        "accumulation": accumulation,
        "scheduler": {"type": "cosine", "warmup_rate": 0.2},
        "grad_clip": GradientClipping(1.0),
    }
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    straight = make_trainer(standard_hooks(), work_dir=whole, **options)
    straight.run()

    with pytest.raises(RuntimeError, match="killed"):
        make_trainer(standard_hooks(StopAt(stopped_at)), work_dir=parts, **options).run()
    resumed = make_trainer(standard_hooks(), work_dir=parts, **options)
    assert resumed.resume() == (stopped_at > 4 if accumulation == 1 else stopped_at > 6)
    resumed.run()

    assert_same_weights(weights_of(resumed), weights_of(straight))
    assert metric_lines(parts) == metric_lines(whole)
    assert sorted(path.name for path in parts.iterdir()) == sorted(path.name for path in whole.iterdir())


class Numpy(Share):
    """What scikit-learn, seqeval and torchmetrics give are no numbers of Python's."""

    def compute(self, results: list[Any]) -> dict[str, Any]:
        (score,) = super().compute(results).values()
        return {"f1": np.float64(score), "rough": np.float32(score), "PER": {"f1": torch.tensor(score)}}


def test_numbers_of_numpy_and_torch_are_scores_too(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer(standard_hooks(), max_epochs=1)
    for evaluator in trainer.evaluators.values():
        evaluator.metrics = [Numpy()]
    trainer.run()
    line = metric_lines(tmp_path)[-1]
    assert line["evaluation/f1"] == line["evaluation/rough"] == line["evaluation/PER"]["f1"]
    assert make_trainer(standard_hooks(), max_epochs=1).resume()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_leaves(make_trainer: MakeTrainer, tmp_path: Path, signum: int) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    straight = make_trainer(standard_hooks(every=0), work_dir=whole)
    straight.run()
    before = signal.getsignal(signum)
    with pytest.raises(TrainingInterrupted) as stopped:
        make_trainer(standard_hooks(StopAt(16, signum), every=0), work_dir=parts).run()
    assert stopped.value.exit_status == 128 + signum
    assert signal.getsignal(signum) is before
    assert (parts / "checkpoints" / "step-16").is_dir()
    resumed = make_trainer(standard_hooks(every=0), work_dir=parts)
    assert resumed.resume()
    resumed.run()
    assert_same_weights(weights_of(resumed), weights_of(straight))
    assert metric_lines(parts) == metric_lines(whole)


class StopInEvaluation(Hook):
    """Sends a signal while the evaluation after the second epoch is under way."""

    def before_run(self, trainer: Trainer) -> None:
        decode = trainer.model.decode

        def interrupted(batch: Any, with_prob: bool = False) -> Any:
            if trainer.progress.epoch == 1 and trainer.progress.is_epoch_done:
                signal.raise_signal(signal.SIGTERM)
            return decode(batch, with_prob)

        trainer.model.decode = interrupted  # type: ignore[method-assign]


def test_an_evaluation_that_was_interrupted_is_made_up_for(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    straight = make_trainer(standard_hooks(every=0), work_dir=whole)
    straight.run()
    with pytest.raises(TrainingInterrupted):
        make_trainer(standard_hooks(StopInEvaluation(), every=0), work_dir=parts).run()
    resumed = make_trainer(standard_hooks(every=0), work_dir=parts)
    assert resumed.resume()
    resumed.run()
    assert_same_weights(weights_of(resumed), weights_of(straight))
    assert metric_lines(parts) == metric_lines(whole)


def test_accumulated_batches_are_one_big_batch(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    """Batches of 4, three to a step, make the steps of batches of 12; what is left of an epoch is a step of its own."""
    runs = []
    for batch_size, accumulation in ((4, 3), (12, 1)):
        folder = tmp_path / str(batch_size)
        folder.mkdir()
        trainer = make_trainer(
            [],
            batch_size=batch_size,
            accumulation=accumulation,
            max_epochs=1,
            optimizer={"type": "SGD", "lr": 0.1},
            scheduler={"type": "constant"},
            work_dir=folder,
        )
        trainer.model.dropout.p = 0.0  # type: ignore[union-attr, assignment]
        # The same order in both: length grouping would shuffle whole batches.
        trainer.batches.sampler.group_by_length = False
        trainer.run()
        runs.append((trainer.progress.update, weights_of(trainer)))
    (updates, accumulated), (big_updates, big) = runs
    assert updates == big_updates == 4  # 40 points: three batches of 12 and one of 4
    for name, value in big.items():
        assert torch.allclose(accumulated[name], value, atol=1e-6), name


def test_early_stopping_ends_the_training_and_resuming_does_not_revive_it(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    hooks = [EvaluationHook(), EarlyStopHook(patience=1)]
    frozen = {"type": "SGD", "lr": 0.0}
    trainer = make_trainer(hooks, max_epochs=9, optimizer=frozen, scheduler={"type": "constant"})
    trainer.run()
    assert trainer.progress.epoch == 2 and trainer.progress.should_stop
    hooks = [EvaluationHook(), EarlyStopHook(patience=1)]
    again = make_trainer(hooks, max_epochs=9, optimizer=frozen, scheduler={"type": "constant"})
    assert again.resume()
    again.run()
    assert again.progress.iteration == trainer.progress.iteration


def test_a_loss_that_is_not_finite_names_its_batch(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer([EvaluationHook(), BestCkptSaverHook(), TextLoggerHook(interval=50)])
    trainer.batches.dataset.points[17] = float("nan")
    with pytest.raises(AdaSeqError, match=r"The loss became nan in batch \d+ \(epoch 1\).*points:18"):
        trainer.run()
    saved = json.loads((tmp_path / "nonfinite_batch.json").read_text())
    assert "points:18" in [each["origin"] for each in saved["examples"]] and len(saved["examples"]) == 4
    assert not (tmp_path / "best_model.pth").exists()
    assert not (tmp_path / "checkpoints").exists()


class BreakWeights(Hook):
    """Makes a weight infinite after the last batch of the second epoch, when no loss can show it any more."""

    order = 99

    def after_epoch(self, trainer: Trainer) -> None:
        if trainer.progress.epoch == 1:
            trainer.model.output.bias.data[0] = float("nan")  # type: ignore[union-attr, index, operator]


def test_weights_that_are_not_finite_are_never_saved(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer([EvaluationHook(), BestCkptSaverHook(), BreakWeights()])
    with pytest.raises(AdaSeqError, match="The weights are not finite any more after step 20: output.bias"):
        trainer.run()
    saved = torch.load(tmp_path / "best_model.pth", weights_only=True)
    assert all(value.isfinite().all() for value in saved.values())
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-10"]


def test_a_checkpoint_of_other_data_is_refused(make_trainer: MakeTrainer) -> None:
    make_trainer([], max_epochs=1).run()
    with pytest.raises(AdaSeqError, match="has changed since the checkpoint"):
        make_trainer([], max_epochs=1, fingerprint="other points").resume()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"optimizer": {"type": "SGD", "lr": 0.05}},
            "was written with AdamW over groups of 4 parameters, and now train.optimizer makes SGD over groups of 4 parameters",
        ),
        (
            {"optimizer": {"type": "AdamW", "lr": 0.05, "param_groups": [{"regex": "output"}]}},
            "now train.optimizer makes AdamW over groups of 2, 2 parameters. Put it back as it was",
        ),
        (
            {"scheduler": {"type": "StepLR", "step_size": 1}},
            "was written with LinearSchedule, and now train.lr_scheduler makes StepLR",
        ),
    ],
)
def test_a_checkpoint_of_another_optimizer_or_schedule_is_refused(
    make_trainer: MakeTrainer, changes: dict[str, Any], message: str
) -> None:
    make_trainer([], max_epochs=1).run()
    with pytest.raises(AdaSeqError, match=message):
        make_trainer([], max_epochs=1, **changes).resume()


def test_gradients_that_are_not_finite_can_be_an_error(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer([], grad_clip=GradientClipping(1.0, error_if_nonfinite=True))
    trainer.batches.dataset.points[0] = float("inf")
    with pytest.raises(AdaSeqError, match="The norm of the gradients is nan"):
        trainer.run()


def test_other_outputs_can_be_the_loss(make_trainer: MakeTrainer) -> None:
    with pytest.raises(AdaSeqError, match="has no output 'los'; did you mean 'loss'. there are: loss, logits."):
        make_trainer([], loss_keys=["los"]).run()
