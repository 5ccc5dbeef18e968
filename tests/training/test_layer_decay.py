"""Learning rates that fall from layer to layer, and the tables that show who learns how fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from adaseq.training.optimizer import build_optimizer, describe_groups, describe_parts

TOP, UPPER, LOWER, EMBEDDINGS = 1.0, 0.5, 0.25, 0.125


class Tagger(nn.Module):
    def __init__(self, backbone: Path, **options: Any) -> None:
        super().__init__()
        self.embedder = TransformerEmbedder(str(backbone), **options)
        self.linear = nn.Linear(32, 3)
        self.crf = nn.Linear(3, 3, bias=False)


def share(name: str) -> float:
    if "transformer_model" not in name:
        return TOP
    if "embeddings" in name:
        return EMBEDDINGS
    return UPPER if ".layer.1." in name else LOWER


def rates(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, float]:
    """The learning rate of each parameter, which is in exactly one group."""
    owners = [(id(each), group["lr"]) for group in optimizer.param_groups for each in group["params"]]
    assert len(owners) == len({number for number, _ in owners})
    return {name: dict(owners)[id(each)] for name, each in model.named_parameters() if each.requires_grad}


def test_each_layer_learns_slower_than_the_one_above(tiny_bert: Path) -> None:
    model = Tagger(tiny_bert)
    optimizer = build_optimizer({"type": "AdamW", "lr": 0.1, "layer_decay": 0.5}, model)
    found = rates(model, optimizer)
    assert found == {name: pytest.approx(0.1 * share(name)) for name, _ in model.named_parameters()}
    # What is logged as the learning rate is the one that was asked for.
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_together_with_groups_every_parameter_is_in_exactly_one(tiny_bert: Path) -> None:
    model = Tagger(tiny_bert)
    groups = [
        {"regex": "crf", "lr": 8.0},
        {"regex": r"transformer_model.*bias", "weight_decay": 0.0},
        {"regex": r"word_embeddings", "requires_grad": False},
    ]
    block = {"type": "AdamW", "lr": 1.0, "layer_decay": 0.5, "param_groups": groups}
    optimizer = build_optimizer(block, model)
    found = rates(model, optimizer)
    assert found["crf.weight"] == 8.0 and "embedder.transformer_model.embeddings.word_embeddings.weight" not in found
    for name, rate in found.items():
        assert rate == (8.0 if name.startswith("crf") else share(name))
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, each in model.named_parameters():
        if each.requires_grad:
            assert decays[id(each)] == (0.0 if "transformer_model" in name and "bias" in name else 0.01)
    first_words = [row.split("  ")[0] for row in describe_groups(optimizer, model).splitlines()]
    assert first_words == [
        *("group", "default", "default, decay^1", "default, decay^2", "default, decay^3", "crf"),
        *(f"transformer_model.*bias, decay^{step}" for step in (1, 2, 3)),
        "frozen",
    ]
    # Trained with it, and saved and loaded.
    sum(each.square().sum() for each in model.parameters() if each.requires_grad).backward()
    optimizer.step()
    again = build_optimizer(block, model)
    again.load_state_dict(optimizer.state_dict())
    assert rates(model, again) == found


def test_one_changes_nothing(tiny_bert: Path) -> None:
    model = Tagger(tiny_bert)
    assert len(build_optimizer({"type": "AdamW", "layer_decay": 1.0}, model).param_groups) == 1
    default = build_optimizer({"type": "AdamW", "layer_decay": 0.5}, model).param_groups[1]["lr"]
    assert default == pytest.approx(0.5e-3)


def test_a_model_without_layers_is_refused() -> None:
    with pytest.raises(AdaSeqError, match="layer_decay: the model has no backbone with layers; leave it out"):
        build_optimizer({"type": "AdamW", "layer_decay": 0.9}, nn.Linear(2, 2))


def test_the_table_of_parts(tiny_bert: Path) -> None:
    model = Tagger(tiny_bert, peft={"type": "lora", "r": 2})
    rows = [row.split() for row in describe_parts(model).splitlines()]
    size = sum(each.numel() for each in TransformerEmbedder(str(tiny_bert)).parameters())
    assert rows == [
        ["part", "trained", "frozen", "share", "trained"],
        ["embedder.transformer_model", "512", f"{size:,}", f"{512 / (size + 512):.2%}"],
        ["linear", "99", "0", "100.00%"],
        ["crf", "9", "0", "100.00%"],
        ["all", "620", f"{size:,}", f"{620 / (size + 620):.2%}"],
    ]
