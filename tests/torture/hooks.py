"""Hooks of a user's own that do what can happen to a run."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from pathlib import Path
from typing import Literal

import torch

from adaseq.training.hooks.base import Hook
from adaseq.training.trainer import Trainer


class DieAt(Hook):
    """Kills a process of the run, as the system does when memory runs out.

    Args:
        iteration: the batch after which it happens.
        rank: in which process of several.
        whom: that process itself, or one that loads its batches.
    """

    order = 99

    def __init__(self, iteration: int, rank: int = 0, whom: Literal["process", "worker"] = "process") -> None:
        self._iteration, self._rank, self._whom = iteration, rank, whom

    def after_step(self, trainer: Trainer) -> None:
        """Kill."""
        if trainer.progress.iteration == self._iteration and trainer.runtime.rank == self._rank:
            pid = os.getpid()
            if self._whom == "worker":
                pid = next(each.pid for each in multiprocessing.active_children() if each.pid is not None)
            os.kill(pid, signal.SIGKILL)


class Lose(Hook):
    """Removes files and folders of which the run has read all that it needs.

    Args:
        iteration: the batch after which it happens.
        paths: what to remove.
    """

    def __init__(self, iteration: int, paths: list[str]) -> None:
        self._iteration, self._paths = iteration, paths

    def after_step(self, trainer: Trainer) -> None:
        """Remove."""
        if trainer.progress.iteration == self._iteration:
            for path in map(Path, self._paths):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


class Poison(Hook):
    """Turns the loss of the batches that hold one example into no number, or an infinite one.

    Args:
        example: the example, counted from 0.
        epoch: from which epoch on, counted from 1.
        value: what the loss is multiplied by: `nan` or `inf`.
    """

    def __init__(self, example: int, epoch: int, value: Literal["nan", "inf"]) -> None:
        self._example, self._epoch, self._value = example, epoch, float(value)

    def before_run(self, trainer: Trainer) -> None:
        """Look at every loss."""

        def spoil(model: torch.nn.Module, arguments: tuple, outputs: dict) -> dict:
            is_late = trainer.progress.epoch + 1 >= self._epoch
            if model.training and is_late and self._example in arguments[0]["index"].tolist():
                return {**outputs, "loss": outputs["loss"] * self._value}
            return outputs

        trainer.model.register_forward_hook(spoil)
