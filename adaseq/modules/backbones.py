"""The encoder network of a backbone, whichever library or kind it is of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from adaseq.errors import ModelError
from adaseq.modules.nezha import NezhaConfig, NezhaModel
from adaseq.utils.pretrained import backbone_type, find_weights, load_backbone, raw_config, report_left_over
from adaseq.utils.weights import read_weight_file

# In task models, and in checkpoints with a head for pretraining.
_PREFIXES = ("embedder.transformer_model.", "nezha.", "bert.", "encoder.")

# What `config.json` files call the width and the number of layers.
_WIDTHS, _DEPTHS = ("hidden_size", "dim", "d_model", "n_embd"), ("num_hidden_layers", "n_layers", "n_layer")


def load_encoder(name_or_path: str, load_weights: bool = True, **kwargs: Any) -> nn.Module:
    """The encoder of a backbone: one of transformers', or ours where transformers has none.

    Args:
        name_or_path: a folder, or the name of a model on a hub.
        load_weights: False builds the architecture with random weights.
        kwargs: for `from_pretrained` of transformers.

    Raises:
        ModelError: there is no such model, or its weights do not fit its architecture.
    """
    if backbone_type(name_or_path) != "nezha":
        return load_backbone(name_or_path, load_weights, **kwargs)
    model = NezhaModel(NezhaConfig.from_dict(raw_config(name_or_path)))
    if load_weights:
        _load_nezha(model, name_or_path)
    return model


def piece_embeddings(backbone: nn.Module) -> nn.Embedding:
    """The table of a backbone's piece vectors.

    Raises:
        ModelError: it has none.
    """
    find: Any = getattr(backbone, "get_input_embeddings", None)
    found: Any = find() if find is not None else None
    if not isinstance(found, nn.Embedding):
        tables = [module for module in backbone.modules() if isinstance(module, nn.Embedding)]
        found = max(tables, key=lambda table: table.num_embeddings, default=None)
    if found is None:
        raise ModelError(f"a {type(backbone).__name__} has no table of piece vectors")
    return found


class StatedSizes(NamedTuple):
    """What the `config.json` of a backbone says about its size; None for what it does not say.

    Attributes:
        width: of the vectors of pieces.
        num_layers: how many layers there are.
    """

    width: int | None = None
    num_layers: int | None = None


def stated_sizes(name_or_path: str) -> StatedSizes:
    """How wide and deep a backbone in a local folder is, without loading anything.

    Args:
        name_or_path: the folder; nothing is said about anything else.
    """
    try:
        stated = json.loads((Path(name_or_path) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return StatedSizes()
    found = ([stated.get(name) for name in names] for names in (_WIDTHS, _DEPTHS))
    return StatedSizes(*(next((each for each in sizes if isinstance(each, int)), None) for sizes in found))


def _load_nezha(model: NezhaModel, name_or_path: str) -> None:
    weights = read_weight_file(find_weights(name_or_path))
    own = model.state_dict()
    named = {_bare_name(name, own): value for name, value in weights.items()}
    wrong = [name for name in own if name not in named or named[name].shape != own[name].shape]
    if wrong:
        raise ModelError(
            f"the weights in '{name_or_path}' do not fit a NEZHA: {len(wrong)} tensors are missing or of another shape, "
            f"among them {', '.join(wrong[:3])}"
        )
    model.load_state_dict({name: named[name] for name in own})
    # The waves of positions are computed, and saved by some writers.
    report_left_over(name_or_path, [n for n in named if n not in own and "positions_encoding" not in n])


def _bare_name(name: str, own: dict[str, Any]) -> str:
    if name in own:
        return name
    # Old checkpoints call the weight and the bias of a normalisation after the formula.
    name = name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
    return next((name[len(p) :] for p in _PREFIXES if name.startswith(p) and name[len(p) :] in own), name)
