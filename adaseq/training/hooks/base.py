"""What every hook may do, and when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from adaseq.registry import HOOKS, Registry

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer


class Hook:
    """Called by the trainer at the stages of a run; each stage does nothing unless a subclass says otherwise.

        before_run
            before_epoch
                before_step         a batch is at hand
                after_step          its gradients are computed and, unless it waits for more batches, applied
            after_epoch             its evaluation, if one is due, follows
            after_evaluation        `trainer.evaluation` holds the scores
        after_run                   the training is over; the test follows

    A hook runs in every process. One that keeps anything from step to step saves it in `state_dict`, so that a resumed
    run goes on exactly.
    """

    registry: ClassVar[Registry] = HOOKS
    order: ClassVar[int] = 50
    """Hooks with smaller numbers are called first."""
    outputs: Sequence[str] = ()
    """Files and folders in the run folder that the hook writes, and no other hook may write."""

    def before_run(self, trainer: Trainer) -> None:
        """The training is about to begin, or to go on."""

    def before_epoch(self, trainer: Trainer) -> None:
        """An epoch is about to begin; not called when a run is resumed in its midst."""

    def before_step(self, trainer: Trainer) -> None:
        """A batch is about to be used."""

    def after_step(self, trainer: Trainer) -> None:
        """A batch has been used."""

    def after_epoch(self, trainer: Trainer) -> None:
        """All batches of an epoch have been used."""

    def after_evaluation(self, trainer: Trainer) -> None:
        """A split has been scored."""

    def after_run(self, trainer: Trainer) -> None:
        """The training has come to its end."""

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs to know: numbers, strings, tensors, and lists and dicts of them."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""

    def kept_files(self) -> list[Path]:
        """Files in the run folder that belong to the state; a checkpoint keeps them as they are."""
        return []


STAGES = ("before_run", "before_epoch", "before_step", "after_step", "after_epoch", "after_evaluation", "after_run")
