"""Whether an optimizer and a schedule can be used, found out on two small parameters before any data is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from adaseq.errors import AdaSeqError, MisfitError
from adaseq.training.optimizer import GROUP_KEYS, build_optimizer
from adaseq.training.schedule import build_schedule
from adaseq.training.usual import is_usual_optimizer, is_usual_schedule

# Keys that say which parameters of the model are meant; here there are others.
_ABOUT_THE_MODEL = ("param_groups", "layer_decay")
# Whether it works depends on the device, which is known when the training begins.
_ABOUT_THE_DEVICE = ("capturable",)
_FOR_EACH_GROUP = ("min_lr", "max_lr", "base_lr", "base_momentum", "max_momentum")
_STEPS = 10


def try_optimizer(block: Mapping[str, Any]) -> None:
    """Take a step with an optimizer, and one with the options of each parameter group.

    Args:
        block: `train.optimizer`.

    Raises:
        MisfitError: it refuses its arguments, or cannot take a step.
    """
    if is_usual_optimizer(block):
        return
    whole = {key: value for key, value in block.items() if key not in (*_ABOUT_THE_MODEL, *_ABOUT_THE_DEVICE)}
    _take_step(whole)
    for number, group in enumerate(block.get("param_groups") or []):
        options = {key: value for key, value in group.items() if key not in (*GROUP_KEYS, *_ABOUT_THE_DEVICE)}
        if options and group.get("requires_grad") is not False:
            _take_step({**whole, **options}, "param_groups", number)


def try_scheduler(block: Mapping[str, Any], optimizer: Mapping[str, Any]) -> None:
    """Take a step with a schedule.

    Args:
        block: `train.lr_scheduler`.
        optimizer: `train.optimizer`, whose rates it sets.

    Raises:
        AdaSeqError: it refuses its arguments, cannot take a step, or a list does not fit the parameter groups.
    """
    if is_usual_schedule(block):
        return
    arguments = {key: value for key, value in optimizer.items() if key not in (*_ABOUT_THE_MODEL, *_ABOUT_THE_DEVICE)}
    built = build_optimizer(arguments, _small_model())
    _check_lists(block, optimizer)
    # Here there is one parameter group.
    alone = {
        key: value[0] if key in _FOR_EACH_GROUP and isinstance(value, list) and value else value
        for key, value in block.items()
    }
    try:
        schedule = build_schedule(alone, built, num_updates=_STEPS, num_epochs=_STEPS)
        built.step()  # without gradients it changes nothing; torch warns when a schedule goes before its optimizer
        for _ in range(min(_STEPS, getattr(schedule.scheduler, "total_steps", None) or _STEPS)):
            schedule.after_update()
            schedule.after_epoch()
    except (ArithmeticError, ValueError, TypeError) as error:
        raise AdaSeqError(f"train.lr_scheduler: {block['type']} cannot take a step: {error}") from error


def _check_lists(block: Mapping[str, Any], optimizer: Mapping[str, Any]) -> None:
    """Whether each list of a schedule has a number for each parameter group, as far as that is known without the model."""
    if optimizer.get("layer_decay") not in (None, 1):
        return
    further = sum(group.get("requires_grad") is not False for group in optimizer.get("param_groups") or [])
    for key in _FOR_EACH_GROUP:
        given = block.get(key)
        if isinstance(given, list) and len(given) != further + 1:
            raise MisfitError(
                f"a list of length {len(given)}; give one number for all parameter groups, or a list with one for each: the "
                f"default group and {further} in train.optimizer.param_groups",
                key,
            )


def _take_step(block: Mapping[str, Any], *place: str | int) -> None:
    model = _small_model()
    try:
        optimizer: Optimizer = build_optimizer(block, model)
    except AdaSeqError as error:
        raise MisfitError(str(error), *place) from error
    sum(each.square().sum() for each in model.parameters()).backward()  # type: ignore[union-attr]
    try:
        optimizer.step()
    except (RuntimeError, ValueError, TypeError, AssertionError, ArithmeticError) as error:
        reason = " ".join(str(error).split())
        raise MisfitError(f"train.optimizer: {block['type']} cannot take a step: {reason}", *place) from error


def _small_model() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        return nn.Linear(2, 2)
