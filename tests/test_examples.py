"""The configurations that are shipped as examples: they are right, explained, and they train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from adaseq.commands.main import main
from adaseq.config import load_config
from adaseq.config.substitution import Variables
from adaseq.models.assembly import build_model, build_preprocessor
from adaseq.models.backbone_folder import save_backbone_folder
from adaseq.models.model_folder import save_model_folder
from adaseq.training.train import train_model
from adaseq.training.trainer import Trainer
from tests.example_data import write_data

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted(ROOT.glob("examples/*/configs/*.yaml"))
EVERY_CONFIG = pytest.mark.parametrize("config", CONFIGS, ids=lambda path: f"{path.parents[1].name}/{path.stem}")
FAMILIES = {
    *("MCCE", "NPCRF", "ICASSP_MUG", "babert", "bert_crf", "biaffine_ner", "entity_typing", "global_pointer", "lora"),
    *("lstm_crf", "multi_corpus", "partial_bert_crf", "pretraining", "relation_extraction", "stacked_embeddings"),
    *("text_classification", "twostage_ner", "w2ner"),
}


def corpora_of(dataset: dict[str, Any] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The `dataset` sections of a configuration, one for each corpus."""
    return dataset if isinstance(dataset, list) else dataset.get("corpora") or [dataset]


def test_there_are_examples_of_each_kind() -> None:
    assert {path.parents[1].name for path in CONFIGS} >= FAMILIES


@EVERY_CONFIG
def test_the_checker_finds_nothing(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["check", "-c", str(config), "--schema-only"])
    assert status == 0, capsys.readouterr()


@EVERY_CONFIG
def test_data_dir_says_where_the_corpora_are(config: Path) -> None:
    checked = load_config(config, environ={"DATA_DIR": "/corpora"}, check_files=False)
    files = [str(path) for block in corpora_of(checked.dataset) for path in block["data_file"].values()]
    assert files and all(path.startswith("/corpora/") for path in files)


def test_each_folder_explains_its_configurations_in_both_languages() -> None:
    for folder in {path.parents[1] for path in CONFIGS}:
        for page in (folder / "README.md", folder / "README_zh.md"):
            text = page.read_text(encoding="utf-8")
            missing = [path.name for path in folder.glob("configs/*.yaml") if f"configs/{path.name}" not in text]
            assert not missing, f"{page} does not name {missing}"


@EVERY_CONFIG
def test_it_trains_for_two_steps(
    config: Path, tiny_bert: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    shrunk = small(config, tiny_bert, pretrained, tmp_path)
    for block in corpora_of(shrunk["dataset"]):
        write_data({**shrunk, "#": config.read_text(encoding="utf-8")}, block)
    steps = []
    step = Trainer._step
    monkeypatch.setattr(Trainer, "_step", lambda *arguments: (steps.append(1), step(*arguments)))
    results = train_model(shrunk, work_dir=tmp_path / "run", device="cpu")
    assert len(steps) == 2 if not isinstance(shrunk["dataset"], list) else len(steps) == 3
    run = tmp_path / "run"
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["status"] == "finished"
    assert (run / "output_best" / "model.safetensors").is_file()
    has_test = any("test" in block["data_file"] or "test_ratio" in block for block in corpora_of(shrunk["dataset"]))
    assert ("test" in results) == has_test


def small(config: Path, backbone: Path, pretrained: Path, folder: Path) -> dict[str, Any]:
    """A configuration for data of a folder, a tiny backbone, and an epoch of two batches."""
    names = {"DATA_DIR": str(folder), "LISTS": str(folder), "BACKBONE": str(backbone), "PRETRAINED": str(pretrained)}
    for name in ("words", "people", "places", "organisations"):
        (folder / f"{name}.txt").write_text("北京\n", encoding="utf-8")
    shrunk: dict[str, Any] = in_place(yaml.safe_load(config.read_text(encoding="utf-8")), names)
    train = shrunk["train"]
    train["max_epochs"] = 1
    train["dataloader"] = {"batch_size_per_gpu": 2}
    shrunk["experiment"]["exp_dir"] = str(folder)
    if shrunk["model"]["type"] == "masked-language-model":
        shrunk["model"]["boundary_layer"] = 2
    return shrunk


def in_place(value: Any, names: dict[str, str]) -> Any:
    """The value with its variables replaced, and backbones that are nowhere on this machine by the tiny one."""
    if isinstance(value, dict):
        replaced = {key: in_place(each, names) for key, each in value.items()}
        backbone = replaced.get("model_name_or_path")
        if backbone is not None and not Path(backbone).is_dir():
            replaced["model_name_or_path"] = names["BACKBONE"]
        return replaced
    if isinstance(value, list):
        return [in_place(each, names) for each in value]
    return Variables(names).substitute(value, pytest.fail) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def pretrained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of `adaseq pretrain` leaves that has learned mentions and types."""
    run = tmp_path_factory.mktemp("pretrained")
    config = {
        "task": "pretraining",
        "model": {
            "type": "pretraining-model",
            "embedder": {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)},
        },
        "preprocessor": {"type": "pretraining-preprocessor"},
        "data_collator": "PretrainingDataCollatorWithPadding",
    }
    preprocessor = build_preprocessor(config["preprocessor"], config["model"], ["location", "person"])
    model = build_model(config["model"], preprocessor)
    save_model_folder(run / "output_best", model, preprocessor, config)
    save_backbone_folder(run / "backbone", model, preprocessor)
    return run
