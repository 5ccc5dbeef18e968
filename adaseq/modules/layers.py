"""How deep in a backbone a parameter lies: embeddings, layer after layer, and what is above them."""

from __future__ import annotations

from torch import nn

from adaseq.errors import ModelError


def layers_of(backbone: nn.Module) -> tuple[str, nn.ModuleList]:
    """The list of a backbone's layers, with its name.

    Raises:
        ModelError: it has none, as a backbone whose layers share their weights.
    """
    wanted = getattr(getattr(backbone, "config", None), "num_hidden_layers", None)
    found = [
        (name, module)
        for name, module in backbone.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == wanted and wanted
    ]
    if not found:
        raise ModelError(
            f"a {type(backbone).__name__} has no list of {wanted} layers, as backbones that share the weights of their "
            "layers; it cannot be frozen or slowed down layer by layer"
        )
    return found[0]


def parameter_depths(backbone: nn.Module) -> dict[str, int]:
    """For each parameter of a backbone with n layers how deep it lies.

    Returns:
        By name: 0 for embeddings and all else that comes before the layers, 1 to n for the layers from below, n + 1 for what
        comes behind them.
    """
    prefix, layers = layers_of(backbone)
    depths: dict[str, int] = {}
    depth = 0
    for name, _ in backbone.named_parameters():
        if name.startswith(f"{prefix}."):
            depths[name] = int(name[len(prefix) + 1 :].partition(".")[0]) + 1
            depth = len(layers) + 1
        else:
            depths[name] = depth
    return depths


def too_few_layers(wanted: int, there: int) -> ModelError:
    """The error about layers to freeze that a backbone does not have.

    Args:
        wanted: how many are to be frozen.
        there: how many it has.
    """
    return ModelError(
        f"embedder.freeze_layers is {wanted}, but the backbone has {there} layers; give 0 (embeddings alone) to {there}, or "
        "train_parameters: false"
    )


def freeze_lowest(backbone: nn.Module, count: int) -> None:
    """Freeze the embeddings and the lowest layers of a backbone.

    Args:
        backbone: the backbone.
        count: how many layers; 0 freezes the embeddings alone.

    Raises:
        ModelError: it has fewer layers.
    """
    _, layers = layers_of(backbone)
    if not 0 <= count <= len(layers):
        raise too_few_layers(count, len(layers))
    depths = parameter_depths(backbone)
    for name, parameter in backbone.named_parameters():
        if depths[name] <= count:
            parameter.requires_grad_(False)
