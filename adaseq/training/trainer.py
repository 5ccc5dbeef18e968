"""The training loop: epochs of batches, with hooks around them. Everything else is done by its parts."""

from __future__ import annotations

import contextlib
import functools
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.optim import Optimizer

from adaseq.errors import AdaSeqError, nearest
from adaseq.metainfo import Trainers
from adaseq.models.base import Model
from adaseq.registry import TRAINERS, Registry
from adaseq.training import finite, snapshot
from adaseq.training.averages import Averages, NonFiniteLoss
from adaseq.training.checkpoint import Checkpoints, save_weights
from adaseq.training.evaluation import EvaluationInterrupted, Evaluator
from adaseq.training.gradient_clipping import GradientClipping
from adaseq.training.hooks.base import STAGES, Hook
from adaseq.training.interrupts import Interrupts, TrainingInterrupted
from adaseq.training.loader import BatchLoader
from adaseq.training.run_folder import CHECKPOINTS
from adaseq.training.runtime import Runtime
from adaseq.training.schedule import Schedule
from adaseq.training.state import Evaluation, Progress
from adaseq.training.weight_average import WeightAverage
from adaseq.utils.files import writing
from adaseq.utils.seed import rng_state, set_rng_state
from adaseq.utils.tensors import to_device
from adaseq.utils.weights import read_weight_file

logger = logging.getLogger(__name__)

# With several processes, whether one of them was told to stop is asked this rarely: asking costs a message.
_UPDATES_BETWEEN_STOP_CHECKS = 8


# Typing models learn their threshold in every evaluation of theirs, so they need no trainer of their own.
@TRAINERS.register(Trainers.DEFAULT, Trainers.TYPING)
class Trainer:
    """Trains a model, batch by batch, and can go on from any step as if it had never stopped.

    Args:
        model: the model, on any device.
        batches: the training data.
        optimizer: over the model's parameters.
        schedule: sets the learning rates.
        evaluators: how to score `valid` and `test`, where they exist.
        hooks: what else to do, and when.
        runtime: device, precision and processes.
        work_dir: the run folder.
        max_epochs: how often to go through the training data.
        accumulation: how many batches make an optimizer step; what is left of an epoch is a step too.
        grad_clip: how to clip gradients; None for not at all.
        loss_keys: the model's outputs that are added up to the loss.
        seed: goes into the log.
        save_model: writes a model folder at a path.
        fingerprint: stands for the training data and its features; a checkpoint made with others is refused.
        ema_decay: evaluate and save a moving average of the weights that decays by this at each step; None for the weights.
    """

    registry: ClassVar[Registry] = TRAINERS

    def __init__(
        self,
        model: Model,
        batches: BatchLoader,
        optimizer: Optimizer,
        schedule: Schedule,
        evaluators: Mapping[str, Evaluator],
        hooks: Sequence[Hook],
        runtime: Runtime,
        work_dir: Path,
        max_epochs: int,
        accumulation: int = 1,
        grad_clip: GradientClipping | None = None,
        loss_keys: Sequence[str] = ("loss",),
        seed: int = 42,
        save_model: Callable[[Path], None] | None = None,
        fingerprint: str = "",
        ema_decay: float | None = None,
    ) -> None:
        self.model = model
        self.batches = batches
        self.optimizer = optimizer
        self.schedule = schedule
        self.evaluators = dict(evaluators)
        self.hooks = sorted(hooks, key=lambda hook: hook.order)
        self.runtime = runtime
        self.work_dir = work_dir
        self.max_epochs = max_epochs
        self.seed = seed
        self.progress = Progress()
        self.averages = Averages(runtime)
        self.evaluation: Evaluation | None = None
        self.checkpoints = Checkpoints(work_dir / CHECKPOINTS)
        self.is_checkpoint_due = False
        self.interrupts = Interrupts()
        self.batches_in_epoch = batches.batches_in(0)
        self._accumulation = accumulation
        self._grad_clip = grad_clip
        self._loss_keys = list(loss_keys)
        self._save_model = save_model
        self.fingerprint = fingerprint
        self._rng: dict[str, Any] | None = None
        self._wrapped = runtime.prepare(model, optimizer)
        self._trained = [each for group in optimizer.param_groups for each in group["params"]]
        self.weight_average = WeightAverage(model, ema_decay) if ema_decay is not None else None
        self._calls = {
            stage: [getattr(h, stage) for h in self.hooks if getattr(type(h), stage) is not getattr(Hook, stage)]
            for stage in STAGES
        }

    # The loop

    def run(self) -> None:
        """Train from where the state stands to the end."""
        self._call("before_run")
        if self._rng is not None:
            set_rng_state(self._rng)
        with self.runtime.together(), self.interrupts:
            try:
                self._settle()
                while self.progress.epoch < self.max_epochs and not self.progress.should_stop:
                    self._run_epoch()
            except NonFiniteLoss as error:
                raise finite.explain(self, error) from None
        if self.weight_average is not None:
            self.weight_average.apply()
            self.weight_average = None  # the model has it for good, or until a hook puts other weights back
        self._call("after_run")

    def _run_epoch(self) -> None:
        progress = self.progress
        self.batches_in_epoch = self.batches.batches_in(progress.epoch)
        if not progress.is_epoch_done:
            if progress.batch == 0:
                self._call("before_epoch")
            self._wrapped.train()
            for batch in self.batches.epoch(progress.epoch, start=progress.batch):
                self._step(batch)
                self._settle()
                if progress.should_stop:
                    self.save_checkpoint()
                    return
            progress.is_epoch_done = True
            self._call("after_epoch")
            self._settle()
        self.schedule.after_epoch()
        progress.epoch, progress.batch, progress.is_epoch_done = progress.epoch + 1, 0, False
        self.save_checkpoint()

    def _step(self, batch: Any) -> None:
        progress = self.progress
        self._call("before_step")
        progress.learning_rate = float(self.optimizer.param_groups[0]["lr"])
        progress.batch += 1
        progress.iteration += 1
        loss = self._backward(to_device(batch, self.runtime.device))
        self.averages.add_loss(progress.iteration, loss, batch["index"])
        if self._is_update():
            self._update()
        self._call("after_step")

    def _backward(self, batch: Any) -> torch.Tensor:
        """Add the gradients of a batch to those of its group; the gradients of a group are those of its mean loss."""
        if self._accumulation == 1:
            loss = self._loss(batch)
            self.runtime.backward(loss)
            return loss.detach()
        first = (self.progress.batch - 1) // self._accumulation * self._accumulation
        group = min(self._accumulation, self.batches_in_epoch - first)
        if self._is_update():
            loss = self._loss(batch)
            self.runtime.backward(loss / group)
        else:
            with self.runtime.accumulating(self._wrapped):
                loss = self._loss(batch)
                self.runtime.backward(loss / group)
        return loss.detach()

    def _loss(self, batch: Any) -> torch.Tensor:
        outputs: dict[str, torch.Tensor] = self._wrapped(batch)
        if self._loss_keys == ["loss"]:
            return outputs["loss"]
        missing = [key for key in self._loss_keys if key not in outputs]
        if missing:
            raise AdaSeqError(
                f"train.optimizer.options.loss_keys: the model has no output '{missing[0]}'{nearest(missing[0], outputs) or ';'} "
                f"there are: {', '.join(outputs)}."
            )
        return torch.stack([outputs[key] for key in self._loss_keys]).sum()

    def _update(self) -> None:
        if self._grad_clip is not None:
            self._grad_clip.apply(self.runtime, self._trained)
        if self.runtime.optimizer_step():
            self.schedule.after_update()
            if self.weight_average is not None:
                self.weight_average.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.progress.update += 1

    def _is_update(self) -> bool:
        """Whether the batch at hand completes an optimizer step."""
        batch = self.progress.batch
        return batch % self._accumulation == 0 or batch == self.batches_in_epoch

    # What follows a step or an epoch

    def _settle(self) -> None:
        """Between optimizer steps: evaluate, save and leave, as hooks and signals have asked."""
        progress = self.progress
        if not self._is_update():
            return
        is_urgent = progress.is_evaluation_due or progress.is_epoch_done
        if progress.is_evaluation_due and not self._is_leaving(is_urgent):
            with self._averaged():
                self._evaluate_while_training()
        if self._is_leaving(is_urgent):
            self.save_checkpoint()
            raise TrainingInterrupted(self.interrupts.requested or signal.SIGTERM, self.work_dir)
        if self.is_checkpoint_due and not progress.is_epoch_done:
            self.save_checkpoint()

    def _is_leaving(self, is_urgent: bool) -> bool:
        """Whether a signal asks some process to stop; all processes ask this at the same time."""
        is_requested = self.interrupts.requested is not None
        if self.runtime.world_size == 1:
            return is_requested
        if not is_urgent and self.progress.update % _UPDATES_BETWEEN_STOP_CHECKS:
            return False
        return self.runtime.any(is_requested)

    def _evaluate_while_training(self) -> None:
        try:
            evaluation = self._evaluate("eval", "valid")
        except EvaluationInterrupted:
            return
        self.progress.is_evaluation_due = False
        self.schedule.after_evaluation(evaluation.scores)
        self._call("after_evaluation")

    def test(self) -> dict[str, Any]:
        """Score the test split with the weights as they are; the dumpers write their files.

        Returns:
            The scores.

        Raises:
            TrainingInterrupted: a signal asked to stop; the checkpoints are still there.
        """
        with self.runtime.together(), self.interrupts:
            try:
                evaluation = self._evaluate("test", "test")
            except EvaluationInterrupted:
                raise TrainingInterrupted(self.interrupts.requested or signal.SIGTERM, self.work_dir) from None
        self._call("after_evaluation")
        return evaluation.scores

    def _evaluate(self, mode: str, split: str) -> Evaluation:
        self.averages.collect()
        evaluator = self.evaluators[split]
        scores = evaluator.evaluate(self.model, lambda: self.interrupts.requested is not None)
        epoch = self.progress.epoch + (mode == "eval")
        self.evaluation = Evaluation(mode, split, scores, evaluator.num_batches, epoch, self.progress.iteration)
        return self.evaluation

    # Saving and going on

    def save_checkpoint(self) -> None:
        """Write everything that is needed to go on from here. To be called between optimizer steps."""
        self.averages.collect()
        states = self.runtime.gather([rng_state()])
        self.runtime.on_main(lambda: snapshot.write(self, states))
        self.is_checkpoint_due = False

    def resume(self) -> bool:
        """Load the newest checkpoint that is whole.

        Returns:
            False if there is none: the run was stopped before its first one.

        Raises:
            AdaSeqError: it was made with other data, another model or another number of processes.
        """
        path = self.runtime.on_main(lambda: snapshot.newest(self))
        if path is None:
            return False
        self._rng = snapshot.load(self, path)
        self.batches_in_epoch = self.batches.batches_in(self.progress.epoch)
        logger.info("Resumed from %s (epoch %d, step %d).", path, self.progress.epoch + 1, self.progress.update)
        return True

    # What hooks use

    def save_weights(self, path: Path) -> None:
        """Write the weights, or their average, as a state dict for `torch.load`, once for all processes; they must be finite."""
        self.averages.collect()
        self.require_finite_weights()
        with self._averaged():
            self.runtime.on_main(lambda: save_weights(path, self.model.state_dict()))

    def load_weights(self, path: Path) -> None:
        """Go back to weights that `save_weights` wrote."""
        self.model.load_state_dict(read_weight_file(path))

    def save_optimizer(self, path: Path) -> None:
        """Write the optimizer's state for `torch.load`, once for all processes."""
        self.runtime.on_main(lambda: save_weights(path, self.optimizer.state_dict()))

    def save_model_folder(self, path: Path) -> None:
        """Write a model folder, once for all processes."""
        if self._save_model is not None:
            with writing(path), self._averaged():
                self.runtime.on_main(functools.partial(self._save_model, path))

    def require_finite_weights(self) -> None:
        """Refuse to go on with weights that are infinite or not numbers.

        Raises:
            AdaSeqError: some are.
        """
        finite.check_weights(self.model, self.progress.update)

    def _averaged(self) -> contextlib.AbstractContextManager[None]:
        """While it lasts, the model has the average of the weights, where one is kept."""
        return self.weight_average.applied() if self.weight_average is not None else contextlib.nullcontext()

    def _call(self, stage: str) -> None:
        for call in self._calls[stage]:
            call(self)
