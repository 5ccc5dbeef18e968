"""Configurations of stacks, losses, adapters and layer-wise learning rates."""

from __future__ import annotations

from typing import Any

import pytest

from adaseq.config import ConfigError, load_config

BASE: dict[str, Any] = {
    "task": "named-entity-recognition",
    "dataset": {"data_file": "data", "data_type": "conll"},
}
BACKBONE = {"model_name_or_path": "bert-base-cased"}


def load(model: dict[str, Any], **train: Any) -> Any:
    return load_config({**BASE, "model": model, "train": train}, environ={}, check_files=False)


def problems(model: dict[str, Any], **train: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as error:
        load(model, **train)
    return [(each.path, each.message) for each in error.value.problems]


def test_a_stack_is_completed_part_by_part() -> None:
    config = load({"embedder": {"type": "stacked", "embedders": [BACKBONE, "char-cnn", {"type": "embedding"}]}})
    parts = config.model["embedder"]["embedders"]
    assert [each["type"] for each in parts] == ["transformer-embedder", "char-cnn", "embedding"]
    assert parts[1]["channels"] == 30 and parts[2]["oov"] == "random"
    # The backbone learns slowly, the rest as fast as what begins with nothing.
    assert config.train.optimizer["param_groups"] == [{"regex": "transformer_model", "lr": 5e-5}]
    assert config.train.optimizer["lr"] == 1e-3


@pytest.mark.parametrize(
    ("embedder", "lr"),
    [
        (BACKBONE, 5e-5),
        ({**BACKBONE, "train_parameters": False}, 1e-3),
        ({**BACKBONE, "peft": {"type": "lora", "r": 4}}, 5e-4),
        ({"type": "stacked", "embedders": [{**BACKBONE, "train_parameters": False}, "char-lstm"]}, 1e-3),
    ],
)
def test_the_default_learning_rate_follows_what_is_trained(embedder: dict[str, Any], lr: float) -> None:
    assert load({"embedder": embedder}).train.optimizer["lr"] == lr


def test_mistakes_inside_are_placed() -> None:
    stack = {"type": "stacked", "embedders": [{**BACKBONE, "storag": "cpu"}, {"type": "char-cnn", "channels": "many"}]}
    assert [place for place, _ in problems({"embedder": stack})] == [
        "model.embedder.embedders.0.storag",
        "model.embedder.embedders.1.channels",
    ]
    found = dict(problems({"embedder": {"type": "stacked", "embedders": ["char-cmn"]}}))
    assert "did you mean 'char-cnn'" in found["model.embedder.embedders.0"]
    found = dict(problems({"embedder": BACKBONE, "use_crf": False, "loss": {"type": "focl"}}))
    assert "there is no loss 'focl'; did you mean 'focal'" in found["model.loss.type"]


def test_options_that_do_not_go_together() -> None:
    assert "set use_crf: false" in problems({"embedder": BACKBONE, "loss": "focal"})[0][1]
    assert "set train_parameters: false" in problems({"embedder": {**BACKBONE, "storage": "disk"}})[0][1]
    found = problems({"embedder": {**BACKBONE, "peft": {"type": "lora", "rank": 8}}})
    assert found[0][0] == "model.embedder" and "there is no option 'rank'" in found[0][1]


def test_layer_decay_is_a_share() -> None:
    optimizer = {"type": "AdamW", "layer_decay": 0.9}
    assert load({"embedder": BACKBONE}, optimizer=optimizer).train.optimizer["layer_decay"] == 0.9
    found = problems({"embedder": BACKBONE}, optimizer={**optimizer, "layer_decay": 1.5})
    assert found[0][0] == "train.optimizer.layer_decay" and "at most 1" in found[0][1]
