"""What happens when losses or weights are no finite numbers any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.training.averages import NonFiniteLoss
from adaseq.training.run_folder import NONFINITE_BATCH
from adaseq.utils.files import write_json

if TYPE_CHECKING:
    from adaseq.training.trainer import Trainer

_ADVICE = "Lower the learning rate, or set train.optimizer.options.grad_clip"
_SHOWN = 8


def check_weights(model: nn.Module, update: int) -> None:
    """Refuse weights that are infinite or not numbers.

    Args:
        model: whose weights to look at.
        update: the number of optimizer steps so far, for the message.

    Raises:
        AdaSeqError: some are not finite.
    """
    named = [(name, value) for name, value in model.named_parameters() if value.numel()]
    # A sum is finite only if all of its terms are, and takes no memory.
    sums = torch.stack([value.detach().float().sum() for _, value in named])
    bad = [name for (name, _), is_fine in zip(named, sums.isfinite().tolist(), strict=True) if not is_fine]
    if bad:
        raise AdaSeqError(
            f"The weights are not finite any more after step {update}: {', '.join(bad[:3])}{' …' if len(bad) > 3 else ''}. "
            f"They are not saved; what was saved before is as it was. {_ADVICE}."
        )


def explain(trainer: Trainer, error: NonFiniteLoss) -> AdaSeqError:
    """The message for a loss that is not finite; the batch is named in it and saved in the run folder."""
    examples = [trainer.batches.dataset.examples[index] for index in error.examples]
    file = trainer.work_dir / NONFINITE_BATCH
    batch = {
        "iteration": error.iteration,
        "loss": str(error.loss),
        "examples": [{"id": each.id, "origin": each.origin, "tokens": each.tokens} for each in examples],
    }
    trainer.runtime.on_main(lambda: write_json(file, batch))
    names = ", ".join(each.origin or each.id for each in examples[:_SHOWN]) + (" …" if len(examples) > _SHOWN else "")
    return AdaSeqError(
        f"The loss became {error.loss} in batch {error.iteration} (epoch {trainer.progress.epoch + 1}), which holds the "
        f"examples {names}; they are saved in {file}. No weights were saved after it. {_ADVICE}, or look at those examples."
    )
