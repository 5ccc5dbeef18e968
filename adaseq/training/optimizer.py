"""Optimizers by their torch names, with parameter groups chosen by regular expressions."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from adaseq.errors import AdaSeqError, nearest
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from adaseq.modules.layers import layers_of, parameter_depths
from adaseq.registry import OPTIMIZERS
from adaseq.utils.safe_regex import SafePattern, UnsafePattern

# Keys of the block `train.optimizer`, and of a parameter group, that are not for the optimizer's constructor.
OWN_KEYS = {"type", "param_groups", "options", "layer_decay"}
GROUP_KEYS = {"regex", "requires_grad"}
_SHOWN = 5


def build_optimizer(block: Mapping[str, Any], model: nn.Module) -> Optimizer:
    """The optimizer of a configuration, over the parameters of a model that are to be trained.

    Args:
        block: `type`, the arguments of that class, and `param_groups`: a list of `{regex, …options}`. A parameter
            belongs to a group if one of the group's expressions is found in its name; the others form the first group.
            `requires_grad: false` freezes the parameters of a group. With `layer_decay` the learning rate of a layer of a
            backbone is that of the layer above it times this number, in each group.
        model: the model; parameters are frozen in place.

    Raises:
        AdaSeqError: a regex matches nothing or is no regex, two groups overlap, an option is unknown, or nothing is
            left to train.
    """
    optimizer_class: Any = OPTIMIZERS.get(str(block["type"]))
    known = list(inspect.signature(optimizer_class).parameters)
    arguments = {key: value for key, value in block.items() if key not in OWN_KEYS}
    groups = block.get("param_groups") or []
    split = split_parameters(model, groups, [name for name in known if name != "params"])
    if block.get("layer_decay") not in (None, 1, 1.0):
        split = decay_by_layer(split, model, float(block["layer_decay"]), _learning_rate(optimizer_class, arguments))
    if "closure" in _required(optimizer_class.step):
        raise AdaSeqError(
            f"train.optimizer.type is '{block['type']}', which evaluates the loss several times in a step; choose one that "
            "does not, such as AdamW"
        )
    if "fused" in known and not any(arguments.get(key) for key in ("fused", "foreach", "differentiable")):
        arguments.setdefault("fused", None)
        arguments["fused"] = _can_fuse(model) if arguments["fused"] is None else arguments["fused"]
    try:
        optimizer: Optimizer = optimizer_class(split, **arguments)
    except (TypeError, ValueError, RuntimeError) as error:
        raise AdaSeqError(f"train.optimizer: {block['type']} refuses its arguments: {error}") from error
    return optimizer


def split_parameters(
    model: nn.Module, groups: Sequence[Mapping[str, Any]], known: Sequence[str]
) -> list[dict[str, Any]]:
    """The parameter groups for an optimizer: the default group first, then the others as written.

    Args:
        model: the model; the parameters of groups with `requires_grad: false` are frozen in place.
        groups: `regex` (a string or a list of them), `requires_grad`, and options for the optimizer.
        known: the optimizer's options.

    Returns:
        For each group that has something to train, `name` (its expressions, or `default`), `params` and its options.
    """
    parameters = dict(model.named_parameters())
    owner: dict[str, int] = {}
    for number, group in enumerate(groups):
        _check_options(number, group, known)
        matched = _matches(number, group, list(parameters))
        shared = [name for name in matched if name in owner]
        if shared:
            raise AdaSeqError(
                f"train.optimizer.param_groups: the groups {owner[shared[0]]} and {number} overlap in {_some(shared)}; make "
                "the regular expressions narrower, so that each parameter is in one group"
            )
        owner.update(dict.fromkeys(matched, number))
        if "requires_grad" in group:
            for name in matched:
                parameters[name].requires_grad_(bool(group["requires_grad"]))
    trained = {name: value for name, value in parameters.items() if value.requires_grad}
    others = [value for name, value in trained.items() if name not in owner]
    result: list[dict[str, Any]] = [{"name": "default", "params": others}]
    for number, group in enumerate(groups):
        options = {key: value for key, value in group.items() if key not in GROUP_KEYS}
        own = [value for name, value in trained.items() if owner.get(name) == number]
        result.append({"name": ", ".join(_patterns(group)), "params": own, **options})
    result = [group for group in result if group["params"]]
    if not result:
        raise AdaSeqError("There is nothing to train: every parameter of the model is frozen.")
    return result


def decay_by_layer(
    groups: Sequence[Mapping[str, Any]], model: nn.Module, decay: float, learning_rate: float
) -> list[dict[str, Any]]:
    """Split groups by the depth of their parameters in a backbone, with learning rates that fall from above to below.

    With n layers, the rate of layer k is that of its group times `decay ** (n + 1 - k)`, that of the embeddings
    `decay ** (n + 1)` (Clark et al. 2020, 'ELECTRA'); parameters outside backbones keep the rate of their group.

    Args:
        groups: the parameter groups.
        model: the model.
        decay: the factor from a layer to the one below it.
        learning_rate: that of groups without one of their own.

    Raises:
        AdaSeqError: the model has no backbone with layers.
    """
    steps = _steps_below_the_top(model)
    if not steps:
        raise AdaSeqError("train.optimizer.layer_decay: the model has no backbone with layers; leave it out")
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    result = []
    for group in groups:
        by_step: dict[int, list[Any]] = {}
        for parameter in group["params"]:
            by_step.setdefault(steps.get(names[id(parameter)], 0), []).append(parameter)
        rate = float(group.get("lr", learning_rate))
        for step in sorted(by_step):
            name = f"{group['name']}, decay^{step}" if step else group["name"]
            result.append({**group, "params": by_step[step], "lr": rate * decay**step, "name": name})
    return result


def _steps_below_the_top(model: nn.Module) -> dict[str, int]:
    """By the name of each parameter in a backbone, how many times its learning rate is reduced."""
    steps: dict[str, int] = {}
    for prefix, module in model.named_modules():
        if isinstance(module, TransformerEmbedder):
            backbone = module.transformer_model
            _, layers = layers_of(backbone)
            for name, depth in parameter_depths(backbone).items():
                steps[f"{prefix}.transformer_model.{name}".lstrip(".")] = len(layers) + 1 - depth
    return steps


def _learning_rate(optimizer_class: Any, arguments: Mapping[str, Any]) -> float:
    parameter = inspect.signature(optimizer_class).parameters.get("lr")
    rate = arguments.get("lr", parameter.default if parameter else None)
    if not isinstance(rate, (int, float)):
        raise AdaSeqError("train.optimizer.layer_decay needs a learning rate: give train.optimizer.lr")
    return float(rate)


def describe_groups(optimizer: Optimizer, model: nn.Module) -> str:
    """A table of the parameter groups: how many numbers each trains, how fast, and from which parameter to which."""
    names = {id(value): name for name, value in model.named_parameters()}
    rows = [("group", "parameters", "lr", "weight decay", "from … to")]
    for group in optimizer.param_groups:
        members = group["params"]
        span = [names.get(id(members[0]), "?"), names.get(id(members[-1]), "?")]
        size = sum(each.numel() for each in members)
        rows.append(
            (
                group["name"],
                f"{size:,}",
                f"{float(group['lr']):g}" if "lr" in group else "-",
                f"{group['weight_decay']:g}" if "weight_decay" in group else "-",
                " … ".join(dict.fromkeys(span)),
            )
        )
    frozen = sum(value.numel() for value in model.parameters() if not value.requires_grad)
    rows.append(("frozen", f"{frozen:,}", "-", "-", ""))
    return _table(rows)


def describe_parts(model: nn.Module) -> str:
    """A table of the parts of a model: how many numbers of each are trained and how many are frozen."""
    counts: dict[str, list[int]] = {}
    for name, value in model.named_parameters():
        depth = 3 if name.startswith("embedder.embedders.") else 2 if name.startswith("embedder.") else 1
        part = ".".join(name.split(".")[:depth])
        counts.setdefault(part, [0, 0])[not value.requires_grad] += value.numel()
    total = [sum(column) for column in zip(*counts.values(), strict=True)] or [0, 0]
    rows = [("part", "trained", "frozen", "share trained")]
    for part, (trained, frozen) in [*counts.items(), ("all", total)]:
        rows.append((part, f"{trained:,}", f"{frozen:,}", f"{trained / max(trained + frozen, 1):.2%}"))
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _check_options(number: int, group: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in group:
        if key not in known and key not in GROUP_KEYS:
            allowed = sorted([*GROUP_KEYS, *known])
            raise AdaSeqError(
                f"train.optimizer.param_groups.{number}: unknown option '{key}'{nearest(key, allowed) or ';'} "
                f"allowed: {', '.join(allowed)}."
            )
    if not group.get("regex"):
        raise AdaSeqError(
            f"train.optimizer.param_groups.{number}: 'regex' is missing; it says which parameters are meant"
        )


def _matches(number: int, group: Mapping[str, Any], names: list[str]) -> list[str]:
    matched: dict[str, None] = {}
    for pattern in _patterns(group):
        try:
            expression = SafePattern(pattern)
            found = [name for name in names if expression.is_found_in(name)]
        except UnsafePattern as error:
            raise AdaSeqError(
                f"train.optimizer.param_groups.{number}: the regex '{pattern}' is refused: {error}"
            ) from None
        except re.error as error:
            raise AdaSeqError(
                f"train.optimizer.param_groups.{number}: '{pattern}' is no regular expression: {error}"
            ) from None
        if not found:
            raise AdaSeqError(
                f"train.optimizer.param_groups.{number}: the regex '{pattern}' matches no parameter of the model; the "
                f"nearest are {_some(_nearest_names(pattern, names))}"
            )
        matched.update(dict.fromkeys(found))
    return list(matched)


def _patterns(group: Mapping[str, Any]) -> list[str]:
    return [group["regex"]] if isinstance(group["regex"], str) else list(group["regex"])


def _nearest_names(pattern: str, names: list[str]) -> list[str]:
    def likeness(name: str) -> float:
        # A pattern usually means one part of a dotted name.
        parts = [*name.split("."), name]
        return max(difflib.SequenceMatcher(None, pattern.lower(), part.lower()).ratio() for part in parts)

    return sorted(names, key=likeness, reverse=True)[:_SHOWN]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _required(function: Any) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.default is inspect.Parameter.empty]


def _can_fuse(model: nn.Module) -> bool:
    supported = torch.float32, torch.float64, torch.float16, torch.bfloat16
    return all(each.dtype in supported for each in model.parameters() if each.requires_grad)
