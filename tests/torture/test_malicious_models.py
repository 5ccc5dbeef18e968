"""Models of strangers: nothing in their folders is run, and nothing outside these is written."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adaseq
from adaseq.commands.main import main
from adaseq.data.boundary_statistics import BoundaryStatistics
from adaseq.data.candidates import read_candidates
from adaseq.errors import AdaSeqError
from adaseq.models.model_folder import load_model_folder
from adaseq.models.weights import read_weights
from adaseq.modules.backbones import load_encoder
from adaseq.runtime.folder import read_folder
from adaseq.training.initial_weights import load_initial_weights
from adaseq.utils.pretrained import load_tokenizer
from adaseq.utils.word_vectors import read_vectors
from tests.torture.traps import Trap, armed

FORMS = ("bare", "in a dict", "saved")


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    """A trap that must not have sprung when the test ends."""
    with armed(tmp_path) as trap:
        yield trap


@pytest.fixture
def folder(trained_folder: Path, tmp_path: Path) -> Path:
    """A model folder to be tampered with."""
    return Path(shutil.copytree(trained_folder, tmp_path / "model"))


@pytest.fixture
def backbone(tiny_bert: Path, tmp_path: Path) -> Path:
    """A backbone to be tampered with."""
    return Path(shutil.copytree(tiny_bert, tmp_path / "backbone"))


def change(file: Path, *place: str, **values: Any) -> None:
    """Change what stands at a place in a JSON file."""
    content = json.loads(file.read_text(encoding="utf-8"))
    block = content
    for key in place:
        block = block[key]
    block.update(values)
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("form", FORMS)
def test_pickles_posing_as_weights(trap: Trap, folder: Path, backbone: Path, tmp_path: Path, form: str) -> None:
    content = trap.pickles()[form]
    model = load_model_folder(folder).model
    for name in ("best_model.pth", "model.safetensors", "pytorch_model.bin"):
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(AdaSeqError, match="cannot be read"):
            load_initial_weights(model, file)
        with pytest.raises(AdaSeqError, match="cannot be read"):
            read_weights(file)
    for where in (folder, backbone):
        (where / "model.safetensors").unlink()
        (where / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(AdaSeqError, match="cannot be loaded"):
        adaseq.load(folder)
    with pytest.raises(AdaSeqError):
        load_encoder(str(backbone))


@pytest.mark.parametrize("content", [[1, 2], {"linear.bias": 3}, {1: "x"}, None])
def test_files_of_torch_that_hold_no_weights(folder: Path, tmp_path: Path, content: Any) -> None:
    import torch

    torch.save(content, tmp_path / "best_model.pth")
    with pytest.raises(AdaSeqError, match="something else than tensors by their names"):
        load_initial_weights(load_model_folder(folder).model, tmp_path)
    with pytest.raises(AdaSeqError, match="something else than tensors by their names"):
        read_weights(tmp_path)


@pytest.mark.parametrize("length", [0, 7, 1 << 20, 1 << 40, (1 << 64) - 1])
def test_headers_of_safetensors_that_promise_too_much(folder: Path, length: int) -> None:
    file = folder / "model.safetensors"
    for header in (b"{}", b'{"x": {"dtype": "F32", "shape": [1099511627776, 4], "data_offsets": [0, 17592186044416]}}'):
        file.write_bytes(struct.pack("<Q", length or len(header)) + header)
        with pytest.raises(AdaSeqError, match="cannot be loaded|do not fit"):
            adaseq.load(folder)


def test_arrays_of_objects(trap: Trap, tmp_path: Path) -> None:
    objects = np.array([trap], dtype=object)
    np.savez(tmp_path / "boundary_statistics.npz", units=objects, allow_pickle=True)
    with pytest.raises(AdaSeqError, match="damaged"):
        BoundaryStatistics(2, 1, 10).load(tmp_path)
    np.savez(tmp_path / "decoder.npz", transitions=objects, allow_pickle=True)
    (tmp_path / "export.json").write_text(json.dumps({"format": 1}), encoding="utf-8")
    with pytest.raises(AdaSeqError):
        read_folder(tmp_path)
    np.save(tmp_path / "vectors.npy", objects, allow_pickle=True)
    with pytest.raises(AdaSeqError):
        read_vectors(tmp_path / "vectors.npy", {"a"})


@pytest.mark.parametrize("name", ["cand.pkl", "cand.json", "cand"])
def test_a_pickle_of_candidates(trap: Trap, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(trap.pickles()["in a dict"])
    with pytest.raises(AdaSeqError, match="this is a pickle, and reading one runs whatever its maker put into it"):
        read_candidates(tmp_path / name)
    assert main(["migrate", str(tmp_path / name), "--allow-pickle", "-o", str(tmp_path / "new.json")]) == 2


def test_code_beside_a_backbone(trap: Trap, backbone: Path) -> None:
    """As `trust_remote_code` would run it: a model, a configuration and a tokenizer of its own."""
    for name in ("modeling", "configuration", "tokenization"):
        (backbone / f"{name}.py").write_text(trap.code + "class Own: ...\n", encoding="utf-8")
    auto = {"AutoConfig": "configuration.Own", "AutoModel": "modeling.Own"}
    change(backbone / "config.json", auto_map=auto)
    tokenizer = {"auto_map": {"AutoTokenizer": ["tokenization.Own", "tokenization.Own"]}}
    change(backbone / "tokenizer_config.json", **tokenizer)
    assert load_encoder(str(backbone)) is not None
    assert load_tokenizer(str(backbone)) is not None
    for asks in (load_encoder, load_tokenizer):
        with pytest.raises(AdaSeqError, match="trust_remote_code, which runs whatever program lies beside the model"):
            asks(str(backbone), trust_remote_code=True)
    change(backbone / "config.json", model_type="own", architectures=["Own"])
    change(backbone / "tokenizer_config.json", tokenizer_class="Own")
    for asks in (load_encoder, load_tokenizer):
        with pytest.raises(AdaSeqError):
            asks(str(backbone))


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (("preprocessor",), {"tokenizer_kwargs": {"trust_remote_code": True}}),
        (("model", "embedder"), {"transformer_kwargs": {"trust_remote_code": True}, "load_weights": True}),
    ],
)
def test_a_model_folder_that_asks_for_its_code(trap: Trap, folder: Path, place: Any, values: Any) -> None:
    for name in ("modeling", "tokenization"):
        (folder / f"{name}.py").write_text(trap.code + "class Own: ...\n", encoding="utf-8")
    change(folder / "config.json", auto_map={"AutoModel": "modeling.Own", "AutoConfig": "modeling.Own"})
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenization.Own", "tokenization.Own"]})
    change(folder / "configuration.json", *place, **values)
    with pytest.raises(AdaSeqError, match="trust_remote_code"):
        adaseq.load(folder)


@pytest.mark.parametrize(
    "place", [(), ("model",), ("model", "embedder"), ("model", "encoder"), ("model", "loss"), ("preprocessor",)]
)
def test_a_type_that_is_a_program(
    trap: Trap, folder: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[str, ...]
) -> None:
    """`type: subprocess:Popen` would start a program, `type: model.evil:X` import a module of the folder."""
    (folder / "evil.py").write_text(trap.code + "class Own:\n    registry = None\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder.parent))
    file = folder / "configuration.json"
    whole = file.read_text(encoding="utf-8")
    for block in ({"type": "subprocess:Popen", "args": ["touch", str(trap.file)]}, {"type": "model.evil:Own"}):
        content = json.loads(whole)
        if place:
            inner: Any = content
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = {**(inner.get(place[-1]) or {}), **block}
        else:
            content["data_collator"] = block
        file.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(AdaSeqError, match="is no |is not imported"):
            adaseq.load(folder)
        assert main(["predict", "-m", str(folder), "-i", str(file)]) == 2


def test_plugins_and_configurations_in_a_model_folder_are_not_read(
    trap: Trap, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "evil.py").write_text(trap.code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    change(folder / "configuration.json", plugins=["evil"], allow_remote=True)
    (folder / "config.yaml").write_text("plugins: [evil]\n", encoding="utf-8")
    (folder / "__init__.py").write_text(trap.code, encoding="utf-8")
    (folder / "ms_wrapper.py").write_text(trap.code, encoding="utf-8")
    assert adaseq.load(folder)("mary works in london .")


def test_files_elsewhere_are_neither_read_nor_written(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("a 0.1 0.2\n", encoding="utf-8")
    change(
        folder / "configuration.json",
        "model",
        load_parts=["embedder"],
        model_helper_path=str(victim),
        decoder={"type": "pairwise-crf", "source_emb_file_path": str(victim), "target_emb_dir": str(tmp_path)},
    )
    with pytest.raises(AdaSeqError, match="does not describe a model"):
        adaseq.load(folder)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model", "victim"]


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5000,
        "[]",
        '{"model": [], "preprocessor": 3, "adaseq_version": "1"}',
        "\x00",
    ],
)
def test_configurations_that_are_none(folder: Path, content: str) -> None:
    (folder / "configuration.json").write_text(content, encoding="utf-8")
    with pytest.raises(AdaSeqError):
        adaseq.load(folder)
    (folder / "export.json").write_text(content, encoding="utf-8")
    with pytest.raises(AdaSeqError):
        read_folder(folder)
