"""Parameter groups: who is in which, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.training.optimizer import build_optimizer, describe_groups


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 4)
        self.linear = nn.Linear(4, 2)
        self.crf = nn.Linear(2, 2, bias=False)


def names(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[list[str]]:
    by_id = {id(value): name for name, value in model.named_parameters()}
    return [[by_id[id(value)] for value in group["params"]] for group in optimizer.param_groups]


def build(groups: list[dict[str, Any]], **block: Any) -> tuple[Tagger, torch.optim.Optimizer]:
    model = Tagger()
    return model, build_optimizer({"type": "AdamW", "lr": 1e-3, "param_groups": groups, **block}, model)


def test_the_default_group_comes_first_then_those_written() -> None:
    model, optimizer = build([{"regex": "crf", "lr": 0.5}, {"regex": ["linear.w", "linear.b"], "weight_decay": 0.0}])
    assert names(model, optimizer) == [
        ["encoder.weight", "encoder.bias"],
        ["crf.weight"],
        ["linear.weight", "linear.bias"],
    ]
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 0.5, 1e-3]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.01, 0.01, 0.0]


def test_without_groups_all_parameters_are_in_one() -> None:
    model, optimizer = build([])
    assert names(model, optimizer) == [[name for name, _ in model.named_parameters()]]


def test_a_group_can_be_frozen() -> None:
    model, optimizer = build([{"regex": "^encoder", "requires_grad": False}])
    assert names(model, optimizer) == [["linear.weight", "linear.bias", "crf.weight"]]
    assert not model.encoder.weight.requires_grad and not model.encoder.bias.requires_grad


def test_parameters_frozen_by_the_model_are_left_out() -> None:
    model = Tagger()
    model.encoder.requires_grad_(False)
    optimizer = build_optimizer({"type": "SGD", "lr": 0.1}, model)
    assert names(model, optimizer) == [["linear.weight", "linear.bias", "crf.weight"]]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (
            [{"regex": "crff", "lr": 0.5}],
            (
                "train.optimizer.param_groups.0: the regex 'crff' matches no parameter of the model; the nearest are crf.weight, "
                "encoder.weight, encoder.bias, linear.weight, linear.bias"
            ),
        ),
        (
            [{"regex": "linear", "lr": 0.5}, {"regex": "weight"}],
            (
                "train.optimizer.param_groups: the groups 0 and 1 overlap in linear.weight; make the regular expressions narrower, "
                "so that each parameter is in one group"
            ),
        ),
        (
            [{"regex": "crf", "wieght_decay": 0.1}],
            (
                "train.optimizer.param_groups.0: unknown option 'wieght_decay'; did you mean 'weight_decay'? allowed: amsgrad, betas, "
                "capturable, differentiable, eps, foreach, fused, lr, maximize, regex, requires_grad, weight_decay."
            ),
        ),
        ([{"lr": 0.1}], "train.optimizer.param_groups.0: 'regex' is missing; it says which parameters are meant"),
        (
            [{"regex": "cr(f"}],
            "train.optimizer.param_groups.0: 'cr(f' is no regular expression: missing ), unterminated subpattern at position 2",
        ),
        (
            [{"regex": "(.+)+$$"}],
            (
                "train.optimizer.param_groups.0: the regex '(.+)+$$' is refused: a repetition stands inside another one, which may "
                "take for ever"
            ),
        ),
        (
            [{"regex": ".", "requires_grad": False}],
            "There is nothing to train: every parameter of the model is frozen.",
        ),
    ],
)
def test_what_is_wrong_with_groups_is_said(groups: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(AdaSeqError) as error:
        build(groups)
    assert str(error.value) == message


def test_arguments_that_a_class_refuses_are_the_users() -> None:
    with pytest.raises(AdaSeqError, match="train.optimizer: SGD refuses its arguments: Invalid momentum value: -1"):
        build_optimizer({"type": "SGD", "lr": 0.1, "momentum": -1}, Tagger())


def test_an_optimizer_that_needs_a_closure_is_refused() -> None:
    with pytest.raises(AdaSeqError, match="'LBFGS', which evaluates the loss several times"):
        build_optimizer({"type": "LBFGS"}, Tagger())


@pytest.mark.parametrize(
    ("block", "fused"),
    [
        ({"type": "AdamW"}, True),
        ({"type": "AdamW", "fused": None, "foreach": None, "differentiable": False}, True),
        ({"type": "AdamW", "fused": False}, False),
        ({"type": "SGD", "lr": 0.1, "foreach": True}, None),
    ],
)
def test_the_fused_step_is_taken_where_there_is_one(block: dict[str, Any], fused: bool | None) -> None:
    assert build_optimizer(block, Tagger()).defaults["fused"] == fused
    assert "fused" not in build_optimizer({"type": "RMSprop"}, Tagger()).defaults


def test_the_table_names_groups_where_there_is_no_default_one() -> None:
    model, optimizer = build([{"regex": "crf"}, {"regex": ["encoder", "linear"]}])
    assert [line.split("  ")[0] for line in describe_groups(optimizer, model).splitlines()[1:]] == [
        "crf",
        "encoder, linear",
        "frozen",
    ]


def test_the_table_counts_what_is_trained_and_what_is_frozen() -> None:
    model, optimizer = build([{"regex": "crf", "lr": 0.5}, {"regex": "encoder", "requires_grad": False}])
    assert describe_groups(optimizer, model).splitlines() == [
        "group    parameters  lr     weight decay  from … to",
        "default  10          0.001  0.01          linear.weight … linear.bias",
        "crf      4           0.5    0.01          crf.weight",
        "frozen   16          -      -",
    ]
