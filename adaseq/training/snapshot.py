"""Everything that a run is made of at one moment: to a checkpoint and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.errors import AdaSeqError
from adaseq.training.checkpoint import load_checkpoint, restore_files

if TYPE_CHECKING:
    from adaseq.training.hooks.base import Hook
    from adaseq.training.trainer import Trainer


def write(trainer: Trainer, rng_states: list[dict[str, Any]]) -> None:
    """Write a checkpoint of a trainer that stands between two optimizer steps; for the main process.

    Args:
        trainer: the trainer.
        rng_states: where the random generators of each process stand.
    """
    trainer.require_finite_weights()
    state = {
        "world_size": trainer.runtime.world_size,
        "fingerprint": trainer.fingerprint,
        "parts": _parts(trainer),
        "progress": trainer.progress.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "schedule": trainer.schedule.state_dict(),
        "precision": trainer.runtime.state_dict(),
        "averages": trainer.averages.state_dict(),
        "hooks": {name: hook.state_dict() for name, hook in _named_hooks(trainer)},
        "rng": rng_states,
    }
    if trainer.weight_average is not None:
        state["weight_average"] = trainer.weight_average.state_dict()
    files = [path for hook in trainer.hooks for path in hook.kept_files() if path.exists()]
    trainer.checkpoints.save(trainer.progress.update, trainer.model, state, files)


def newest(trainer: Trainer) -> Path | None:
    """The checkpoint to go on from; its files are put back into the run folder. For the main process."""
    trainer.checkpoints.clean()
    path = trainer.checkpoints.latest()
    if path is not None:
        restore_files(path, trainer.work_dir)
    return path


def load(trainer: Trainer, path: Path) -> dict[str, Any]:
    """Put a trainer into the state of a checkpoint.

    Returns:
        Where the random generators of this process stood.

    Raises:
        AdaSeqError: the checkpoint was made with other data, another model, optimizer or schedule, or another number of
            processes.
    """
    state = load_checkpoint(path, trainer.model)
    if state["world_size"] != trainer.runtime.world_size:
        raise AdaSeqError(
            f"The run was started with {state['world_size']} processes and cannot be resumed with "
            f"{trainer.runtime.world_size}: start it with torchrun --nproc_per_node {state['world_size']}."
        )
    if state["fingerprint"] != trainer.fingerprint:
        raise AdaSeqError(
            f"The training data, or how it is encoded, has changed since the checkpoint {path} was written. Put it back as "
            "it was, or begin a new run (weights can be taken over with -ckpt)."
        )
    for key, part in _parts(trainer).items():
        if state["parts"][key] != part:
            raise AdaSeqError(
                f"The checkpoint {path} was written with {state['parts'][key]}, and now {key} makes {part}. Put it back as it "
                "was, or begin a new run (weights can be taken over with -ckpt)."
            )
    trainer.progress.load_state_dict(state["progress"])
    trainer.optimizer.load_state_dict(state["optimizer"])
    trainer.schedule.load_state_dict(state["schedule"])
    trainer.runtime.load_state_dict(state["precision"])
    trainer.averages.load_state_dict(state["averages"])
    if trainer.weight_average is not None:
        if "weight_average" not in state:
            raise AdaSeqError(
                f"The checkpoint {path} has no average of the weights: train.ema_decay was not set when it was written. "
                "Leave it out to resume, or begin a new run."
            )
        trainer.weight_average.load_state_dict(state["weight_average"])
    for name, hook in _named_hooks(trainer):
        if name in state["hooks"]:
            hook.load_state_dict(state["hooks"][name])
    rng: dict[str, Any] = state["rng"][trainer.runtime.rank]
    return rng


def _parts(trainer: Trainer) -> dict[str, str]:
    """What the states of optimizer and schedule fit, by the key of the configuration that it is made of."""
    sizes = ", ".join(str(len(group["params"])) for group in trainer.optimizer.param_groups)
    return {
        "train.optimizer": f"{type(trainer.optimizer).__name__} over groups of {sizes} parameters",
        "train.lr_scheduler": type(trainer.schedule.scheduler).__name__,
    }


def _named_hooks(trainer: Trainer) -> list[tuple[str, Hook]]:
    """Hooks by names that stay the same from run to run, also when one type occurs twice."""
    seen: dict[str, int] = {}
    named = []
    for hook in trainer.hooks:
        kind = type(hook).__qualname__
        seen[kind] = seen.get(kind, 0) + 1
        named.append((f"{kind}.{seen[kind]}", hook))
    return named
