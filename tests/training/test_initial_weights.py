"""Weights from files and folders, and those that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.training.initial_weights import load_initial_weights


def weights() -> dict[str, torch.Tensor]:
    return {"weight": torch.full((2, 3), 7.0), "bias": torch.ones(2)}


@pytest.mark.parametrize("name", ["any.pth", "best_model.pth", "pytorch_model.bin", "model.safetensors"])
def test_files_and_folders_are_read(tmp_path: Path, name: str) -> None:
    save = save_file if name.endswith(".safetensors") else torch.save
    save({**weights()}, tmp_path / name)
    for path in (tmp_path / name, tmp_path) if name != "any.pth" else (tmp_path / name,):
        model = nn.Linear(3, 2)
        load_initial_weights(model, path)
        assert (model.weight == 7.0).all() and (model.bias == 1.0).all()


def test_positions_in_old_files_are_passed_over(tmp_path: Path) -> None:
    torch.save({**weights(), "embeddings.position_ids": torch.arange(3)}, tmp_path / "old.pth")
    load_initial_weights(nn.Linear(3, 2), tmp_path / "old.pth")


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.ones(5, 5), "crf.transitions": torch.ones(1)}, path)
    with pytest.raises(AdaSeqError) as error:
        load_initial_weights(nn.Linear(3, 2), path)
    assert str(error.value) == (
        f"The weights in {path} are not those of this model (missing: bias; left over: crf.transitions; of another shape: "
        "weight)."
    )


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(AdaSeqError, match="cannot be read"):
        load_initial_weights(nn.Linear(3, 2), tmp_path)
