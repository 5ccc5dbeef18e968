"""A trainer of paper: hooks see what they ask for, and nothing is computed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from adaseq.training.averages import Averages
from adaseq.training.checkpoint import save_weights
from adaseq.training.runtime import Runtime
from adaseq.training.state import Evaluation, Progress


class PaperTrainer(SimpleNamespace):
    """Counts like a trainer, and writes a number as its weights."""

    def __init__(self, folder: Path, runtime: Runtime) -> None:
        super().__init__(
            work_dir=folder,
            runtime=runtime,
            progress=Progress(),
            averages=Averages(runtime),
            evaluators={"valid": None},
            evaluation=None,
            max_epochs=5,
            batches_in_epoch=4,
            seed=7,
            is_checkpoint_due=False,
            weight=0.0,
        )

    def save_weights(self, path: Path) -> None:
        save_weights(path, {"weight": torch.tensor(self.weight)})

    def load_weights(self, path: Path) -> None:
        self.weight = torch.load(path, weights_only=True)["weight"].item()

    def save_optimizer(self, path: Path) -> None:
        torch.save({"state": {}}, path)

    def save_model_folder(self, path: Path) -> None:
        path.mkdir(exist_ok=True)
        (path / "weight").write_text(str(self.weight))

    def require_finite_weights(self) -> None: ...

    def step(self, hook: Any, loss: float = 1.0) -> None:
        """One batch."""
        hook.before_step(self)
        self.progress.batch += 1
        self.progress.iteration += 1
        self.weight += 1.0
        self.averages.add_loss(self.progress.iteration, torch.tensor(loss), torch.tensor([0]))
        hook.after_step(self)

    def end_epoch(self, hook: Any) -> None:
        """The end of an epoch, and the beginning of the next."""
        hook.after_epoch(self)
        self.progress.epoch, self.progress.batch = self.progress.epoch + 1, 0

    def evaluate(self, hook: Any, mode: str = "eval", **scores: float) -> None:
        """An evaluation with these scores."""
        self.evaluation = Evaluation(mode, "valid", scores, 3, self.progress.epoch + 1, self.progress.iteration)
        hook.after_evaluation(self)


@pytest.fixture
def trainer(tmp_path: Path, runtime: Runtime) -> PaperTrainer:
    return PaperTrainer(tmp_path, runtime)
