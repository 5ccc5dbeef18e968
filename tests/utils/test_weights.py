"""Reading files of weights that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from adaseq.errors import ModelError
from adaseq.utils.weights import read_weight_file


def test_weights_are_read(tmp_path: Path) -> None:
    weights = {"w": torch.arange(3.0)}
    torch.save(weights, tmp_path / "w.pth")
    save_file(weights, tmp_path / "w.safetensors")
    for path in tmp_path.iterdir():
        assert torch.equal(read_weight_file(path)["w"], weights["w"])


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no such file"),
        (b"", "the file is empty"),
        (b"these are no weights, but words", "it is damaged, or no "),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, suffix: str, content: bytes | None, reason: str) -> None:
    path = tmp_path / f"weights{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError) as error:
        read_weight_file(path)
    assert str(error.value).startswith(f"the weights in '{path}' cannot be read: {reason}")


@pytest.mark.parametrize("content", [{"w": print}, {"w": torch.device("cpu")}, [torch.ones(1)]])
def test_what_is_more_than_tensors_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "best_model.pth"
    torch.save(content, path)
    with pytest.raises(ModelError, match="it holds something else than tensors by their names"):
        read_weight_file(path)


def test_a_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "best_model.pth"
    torch.save({"w": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ModelError, match="was it copied in part"):
        read_weight_file(path)
