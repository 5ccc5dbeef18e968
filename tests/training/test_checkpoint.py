"""Checkpoints: complete, checked, and the damaged passed over."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from adaseq.errors import AdaSeqError
from adaseq.training.checkpoint import Checkpoints, load_checkpoint, restore_files, save_weights
from adaseq.utils.weights import read_weight_file


class Tied(nn.Module):
    """Two names for one tensor, and one that is not contiguous."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.first = nn.Linear(size, size)
        self.second = nn.Linear(size, size)
        self.second.weight = self.first.weight
        self.turned = nn.Parameter(torch.rand(size, 2).t())


def fill(model: nn.Module, value: float) -> None:
    for parameter in model.parameters():
        parameter.data.fill_(value)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    model = Tied()
    fill(model, 2.0)
    state = {"numbers": [1, 2.5, None, True], "pair": (1, "x"), "tensor": torch.arange(3), 7: OrderedDict(a=1)}
    path = Checkpoints(tmp_path).save(5, model, state)
    fill(model, 0.0)
    loaded = load_checkpoint(path, model)
    assert torch.equal(loaded.pop("tensor"), torch.arange(3))
    assert loaded == {"numbers": [1, 2.5, None, True], "pair": (1, "x"), 7: {"a": 1}}
    assert all((value == 2.0).all() for value in model.state_dict().values())
    assert model.second.weight is model.first.weight


def test_the_newest_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (8, 9, 10, 100):
        checkpoints.save(step, Tied(), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-10", "step-100"]
    latest = checkpoints.latest()
    assert latest is not None and latest.name == "step-100"


def test_a_step_can_be_saved_again(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for value in (1, 2):
        path = checkpoints.save(5, Tied(), {"value": value})
    assert load_checkpoint(path, Tied()) == {"value": 2}
    assert [each.name for each in tmp_path.iterdir()] == ["step-5"]


def test_a_run_that_went_on_from_before_keeps_what_it_saves(tmp_path: Path) -> None:
    """Checkpoints of later steps were damaged, or it would not have gone on from before them."""
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (30, 40, 5):
        checkpoints.save(step, Tied(), {})
    assert [path.name for path in tmp_path.iterdir()] == ["step-5"]
    checkpoints.save(10, Tied(), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-10", "step-5"]


def damage_flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def damage_cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("damage", [damage_flip, damage_cut, Path.unlink])
@pytest.mark.parametrize("name", ["model.safetensors", "state.pt", "manifest.json", "files/best.pth"])
def test_a_damaged_checkpoint_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Any, name: str
) -> None:
    (tmp_path / "best.pth").write_bytes(b"weights")
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    older = checkpoints.save(1, Tied(), {}, [tmp_path / "best.pth"])
    (tmp_path / "best.pth").unlink()
    (tmp_path / "best.pth").write_bytes(b"better weights")
    newest = checkpoints.save(2, Tied(), {}, [tmp_path / "best.pth"])
    if damage is damage_flip and name == "manifest.json":
        (newest / name).write_text((newest / name).read_text().replace('"size": ', '"size": 1'))
    else:
        damage(newest / name)
    with caplog.at_level(logging.WARNING):
        assert checkpoints.latest() == older
    assert f"The checkpoint {newest} is damaged" in caplog.text and "trying the one before it" in caplog.text


def test_an_empty_manifest_does_not_make_a_checkpoint(tmp_path: Path) -> None:
    path = Checkpoints(tmp_path).save(1, Tied(), {})
    (path / "manifest.json").write_text("{}")
    assert Checkpoints(tmp_path).latest() is None


def test_there_may_be_none(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "nowhere").latest() is None


def test_a_killed_process_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / ".step-3.77-ab.tmp").mkdir()
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.latest() is None
    checkpoints.clean()
    assert list(tmp_path.iterdir()) == []


def test_kept_files_survive_being_replaced(tmp_path: Path) -> None:
    best = tmp_path / "best.pth"
    best.write_bytes(b"first")
    path = Checkpoints(tmp_path / "checkpoints").save(1, Tied(), {}, [best])
    with pytest.MonkeyPatch.context() as patch:
        save_weights(best, {"second": torch.ones(1)})
        restore_files(path, tmp_path)
        assert best.read_bytes() == b"first"
        best.unlink()
        patch.setattr(os, "link", None)
        restore_files(path, tmp_path)
    assert best.read_bytes() == b"first"


def test_files_in_folders_come_back_to_their_place(tmp_path: Path) -> None:
    kept = [tmp_path / "best.pth", tmp_path / "weights" / "best.pth"]
    kept[1].parent.mkdir()
    for number, file in enumerate(kept):
        file.write_text(str(number))
    path = Checkpoints(tmp_path / "checkpoints").save(1, Tied(), {}, kept)
    for file in kept:
        file.unlink()
    kept[1].parent.rmdir()
    restore_files(path, tmp_path)
    assert [file.read_text() for file in kept] == ["0", "1"]


def test_files_are_copied_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "best.pth").write_bytes(b"weights")
    path = Checkpoints(tmp_path / "checkpoints").save(1, Tied(), {}, [tmp_path / "best.pth"])
    assert (path / "files" / "best.pth").read_bytes() == b"weights"


@pytest.mark.parametrize("value", [np.float64(1.0), Path("x"), [{"deep": {1: object()}}]])
def test_what_could_not_be_read_again_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TypeError, match="the state of the run holds a"):
        Checkpoints(tmp_path).save(1, Tied(), {"state": value})
    assert list(tmp_path.iterdir()) == []


class FullDisk:
    """A file that takes a little, and then there is no space left."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_full_disk_leaves_the_earlier_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(tmp_path)
    older = checkpoints.save(1, Tied(), {"value": 1})
    save = torch.save
    monkeypatch.setattr(torch, "save", lambda value, file: save(value, FullDisk(file)))
    with pytest.raises(AdaSeqError) as error:
        checkpoints.save(2, Tied(), {"value": 2})
    assert str(error.value) == (
        f"Cannot write {tmp_path / 'step-2'}: there is no space left on the disk. What was written before is untouched; free "
        "some space (or choose another folder) and go on with --resume."
    )
    assert checkpoints.latest() == older and list(tmp_path.iterdir()) == [older]


def test_a_full_disk_leaves_the_best_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "best_model.pth"
    save_weights(path, {"w": torch.ones(2)})
    save = torch.save
    monkeypatch.setattr(torch, "save", lambda value, file: save(value, FullDisk(file)))
    with pytest.raises(AdaSeqError, match=f"Cannot write {path}: there is no space left"):
        save_weights(path, {"w": torch.zeros(2)})
    assert torch.equal(read_weight_file(path)["w"], torch.ones(2)) and list(tmp_path.iterdir()) == [path]


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    path = Checkpoints(tmp_path).save(1, Tied(), {})
    with pytest.raises(AdaSeqError, match="does not fit this model"):
        load_checkpoint(path, Tied(size=4))


def test_the_manifest_covers_every_file(tmp_path: Path) -> None:
    path = Checkpoints(tmp_path).save(1, Tied(), {})
    manifest = json.loads((path / "manifest.json").read_text())
    assert sorted(manifest) == ["model.safetensors", "state.pt"]
    assert manifest["state.pt"]["size"] == (path / "state.pt").stat().st_size
