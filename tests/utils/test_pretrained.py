"""A model folder of one of our own tasks, today's or the old AdaSeq's, is a backbone too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from adaseq.utils.pretrained import load_backbone


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_the_encoder_of_a_task_model_is_taken(tiny_bert: Path, tmp_path: Path, file: str) -> None:
    weights = {
        f"embedder.transformer_model.{name}": value + 1.0
        for name, value in load_file(tiny_bert / "model.safetensors").items()
        if "pooler" not in name
    }
    weights["linear.weight"] = torch.zeros(3, 32)
    if file.endswith(".bin"):
        torch.save(weights, tmp_path / file)
    else:
        save_file(weights, tmp_path / file, metadata={"format": "pt"})
    (tmp_path / "config.json").write_bytes((tiny_bert / "config.json").read_bytes())
    (tmp_path / "configuration.json").write_text(json.dumps({"task": "named-entity-recognition"}), encoding="utf-8")

    loaded = load_backbone(str(tmp_path)).state_dict()
    original = load_backbone(str(tiny_bert)).state_dict()
    assert loaded.keys() == original.keys()
    assert all(torch.equal(loaded[name], original[name] + 1.0) for name in loaded)
