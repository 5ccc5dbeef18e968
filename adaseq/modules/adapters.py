"""Adapters in a frozen backbone, LoRA above all: the one place that imports peft (the extra `adaseq[peft]`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from adaseq.errors import ModelError, nearest

# Keys of the block that are not peft's.
_OWN_KEYS = ("type", "save_backbone", "digest")
# Backbones of ours, of which peft does not know where adapters usually go.
_TARGETS = {"nezha": ["query", "value"]}
_SAMPLED = 64


def adapter_config(block: Mapping[str, Any]) -> Any:
    """The options of peft for a block `{type: lora, r: 8, …}`.

    Raises:
        ModelError: peft is not installed, or there is no such method or option, or the method does not live in layers.
    """
    try:
        from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING
    except ImportError:
        raise ModelError("embedder.peft needs the package peft: pip install 'adaseq[peft]'") from None
    name = str(block.get("type", "lora"))
    usable = {
        kind.value.lower(): PEFT_TYPE_TO_CONFIG_MAPPING[kind]
        for kind, tuner in PEFT_TYPE_TO_TUNER_MAPPING.items()
        if not getattr(tuner, "uses_shared_state", True)
    }
    config_class = usable.get(name.lower())
    if config_class is None:
        raise ModelError(
            f"embedder.peft.type: there is no method '{name}' that changes layers{nearest(name, usable) or ';'} known: "
            f"{', '.join(sorted(usable))}"
        )
    options = {key: value for key, value in block.items() if key not in _OWN_KEYS}
    known = [
        key for key in config_class.__dataclass_fields__ if key not in ("peft_type", "task_type", "inference_mode")
    ]
    for key in options:
        if key not in known:
            raise ModelError(
                f"embedder.peft: there is no option '{key}'{nearest(key, known) or ';'} known: {', '.join(known)}"
            )
    rank = options.get("r", 1)
    if isinstance(rank, int) and rank < 1:
        raise ModelError(f"embedder.peft.r is {rank}; it must be at least 1")
    try:
        return config_class(**options)
    except (TypeError, ValueError) as error:
        raise ModelError(f"embedder.peft: {error}") from error


class Adapters:
    """The adapters in a backbone; all else in it is frozen.

    Args:
        backbone: gets them.
        block: `{type: lora, …options of peft}`; `save_backbone: true` makes model folders complete in themselves, otherwise
            they hold the adapters and the name of the backbone; `digest` is that of the backbone which the adapters in a
            model folder were trained on.

    Raises:
        ModelError: the options are wrong, they do not fit the backbone, or it is another backbone.
    """

    def __init__(self, backbone: nn.Module, block: Mapping[str, Any]) -> None:
        from peft import inject_adapter_in_model

        self.digest = digest(backbone)
        self.keeps_backbone = bool(block.get("save_backbone", False))
        if block.get("digest") not in (None, self.digest):
            raise ModelError(
                "the backbone is not the one that the adapters were trained on: its weights differ; give the right one as "
                "model.embedder.model_name_or_path"
            )
        config = adapter_config(block)
        kind = getattr(getattr(backbone, "config", None), "model_type", "")
        if getattr(config, "target_modules", "") is None and kind in _TARGETS:
            config.target_modules = set(_TARGETS[kind])
        self._own = set(backbone.state_dict())
        try:
            inject_adapter_in_model(config, backbone)
        except ValueError as error:
            raise ModelError(f"embedder.peft does not fit a {type(backbone).__name__}: {error}") from error

    def frozen_weights(self, backbone: nn.Module) -> set[str]:
        """The names of the weights that are as they were before there were adapters."""
        trained = {name for name, each in backbone.named_parameters() if each.requires_grad}
        return {
            name
            for name in backbone.state_dict()
            if name.replace(".base_layer.", ".") in self._own and name not in trained
        }


def merge_adapters(backbone: nn.Module) -> None:
    """Add the adapters to the weights that they change, and remove them.

    Raises:
        ModelError: the method's adapters cannot be merged.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers = [(name, each) for name, each in backbone.named_modules() if isinstance(each, BaseTunerLayer)]
    for name, layer in layers:
        try:
            layer.merge(safe_merge=True)
        except (AttributeError, NotImplementedError, ValueError) as error:
            raise ModelError(f"the adapters of '{name}' cannot be merged: {error}") from error
        parent, _, attribute = name.rpartition(".")
        setattr(backbone.get_submodule(parent), attribute, layer.get_base_layer())


def digest(backbone: nn.Module) -> str:
    """Changes with the weights of a backbone: from the names, the shapes and some numbers of each tensor."""
    content = hashlib.sha256()
    for name, value in sorted(backbone.state_dict().items()):
        flat = value.detach().reshape(-1)
        sample = flat[:: max(len(flat) // _SAMPLED, 1)].to(torch.float64).cpu()
        content.update(f"{name}{tuple(value.shape)}".encode())
        content.update(sample.numpy().tobytes())
    return content.hexdigest()[:32]
