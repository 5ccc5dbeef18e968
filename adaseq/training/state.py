"""What a run has to remember in order to go on as if it had never stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from torch import Tensor


@dataclass
class Progress:
    """How far a run has come, and what it still owes at this point.

    Args:
        epoch: finished epochs.
        batch: finished batches of the current epoch, in each process.
        iteration: finished batches since the start, in each process.
        update: optimizer steps since the start.
        is_epoch_done: every batch of the current epoch is done, and the hooks have been told.
        is_evaluation_due: the validation data is to be scored next.
        should_stop: the training is to end early.
        learning_rate: that of the first parameter group in the latest batch.
    """

    epoch: int = 0
    batch: int = 0
    iteration: int = 0
    update: int = 0
    is_epoch_done: bool = False
    is_evaluation_due: bool = False
    should_stop: bool = False
    learning_rate: float = 0.0

    def state_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        for field in fields(self):
            setattr(self, field.name, state[field.name])


@dataclass(frozen=True)
class Evaluation:
    """The scores of one split at one moment.

    Args:
        mode: `eval` during training, `test` for the last one.
        split: the name of the split.
        scores: what the metrics say.
        num_batches: how many batches this process went through.
        epoch: the epoch in which it took place, counted from 1.
        iteration: finished batches since the start.
    """

    mode: str
    split: str
    scores: dict[str, Any]
    num_batches: int
    epoch: int
    iteration: int


def plain(value: Any, owner: str) -> Any:
    """Check that a value can be saved and read again without unpickling code; tuples, lists and dicts are walked.

    Args:
        value: numbers, strings, tensors, None, and lists, tuples, sets and dicts of them.
        owner: whose state it is, for the message.

    Raises:
        TypeError: something else is in it.
    """
    if value is None or type(value) in (bool, int, float, str, bytes) or isinstance(value, Tensor):
        return value
    if isinstance(value, dict):
        return {plain(key, owner): plain(each, owner) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(plain(each, owner) for each in value)
    raise TypeError(
        f"the state of {owner} holds a {type(value).__qualname__} ({value!r}); only numbers, strings, tensors and lists, "
        "tuples, sets and dicts of them can be saved"
    )
