"""`adaseq pretrain`: from text to a backbone that other models begin with."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import AutoModel

from adaseq.commands.main import main
from adaseq.models.model_folder import load_model_folder
from tests.runs import lines_of, weights_of, write_sentences

WORDS = ("北京", "上海", "大学", "工作", "公司", "经理", "我", "在", "的")


@pytest.fixture
def config(tmp_path: Path, tiny_bert: Path) -> dict[str, Any]:
    """Raw text, and a tiny network to train on it."""
    draw = random.Random(1)
    lines = ["".join(draw.choice(WORDS) for _ in range(draw.randint(1, 9))) for _ in range(40)]
    (tmp_path / "text.txt").write_text("\n\n".join(lines), encoding="utf-8")
    return {
        "task": "pretraining",
        "experiment": {"exp_dir": str(tmp_path / "experiments"), "seed": 5},
        "dataset": {"data_type": "plain_text", "data_file": {"train": str(tmp_path / "text.txt")}, "valid_ratio": 0.2},
        "preprocessor": {"min_count": 2},
        "model": {"embedder": {"model_name_or_path": str(tiny_bert)}, "boundary_layer": 1},
        "train": {"max_epochs": 2, "dataloader": {"batch_size_per_gpu": 8}, "hooks": []},
    }


def write(config: dict[str, Any], path: Path) -> str:
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    return str(path)


def test_the_result_is_a_backbone_for_everybody(config, tmp_path, capsys):
    run = tmp_path / "run"
    command = ["pretrain", "-c", write(config, tmp_path / "c.yaml"), "-w", str(run), "-d", "cpu"]
    assert main(command) == 0
    modes = [line["mode"] for line in lines_of(run)]
    assert "eval" in modes and lines_of(run)[-1]["evaluation/perplexity"] > 1
    trained = load_model_folder(run / "output_best").model
    theirs = AutoModel.from_pretrained(run / "backbone", add_pooling_layer=False)
    own = trained.embedder.transformer_model.state_dict()
    assert all(torch.equal(value, own[name]) for name, value in theirs.state_dict().items())
    for number, backbone in enumerate(("backbone", "output_best")):
        tagger = {
            "task": "named-entity-recognition",
            "experiment": config["experiment"],
            "dataset": {"data_type": "conll", "data_file": {"train": str(tmp_path / "tags.txt")}},
            "model": {"embedder": {"model_name_or_path": str(run / backbone)}},
            "train": {"max_epochs": 1},
            "evaluation": None,
        }
        write_sentences(tmp_path / "tags.txt", 4, seed=1)
        path = write(tagger, tmp_path / f"tagger{number}.yaml")
        assert main(["train", "-c", path, "-w", str(tmp_path / f"tagger{number}"), "-d", "cpu"]) == 0
    capsys.readouterr()
    assert main([*command, "-f"]) == 0 and (run / "backbone").is_dir()


def test_a_stopped_run_goes_on_as_if_it_had_not(config, stopping_hooks, tmp_path, monkeypatch, capsys):
    best = {"type": "BestCkptSaverHook", "output_sub_dir": "model"}
    config["train"]["hooks"] = [best, *stopping_hooks]
    path = write(config, tmp_path / "c.yaml")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["pretrain", "-c", path, "-w", str(whole), "-d", "cpu"]) == 0
    monkeypatch.setenv("STOP_AT", "5")
    monkeypatch.setenv("STOP_BY", str(int(signal.SIGTERM)))
    assert main(["pretrain", "-c", path, "-w", str(parts), "-d", "cpu"]) == 128 + signal.SIGTERM
    assert not (parts / "backbone").exists()
    monkeypatch.setenv("STOP_AT", "0")
    assert main(["pretrain", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    one, other = weights_of(whole), weights_of(parts)
    assert all(torch.equal(one[name], other[name]) for name in one)
    same = "backbone/model.safetensors"
    assert (whole / same).read_bytes() == (parts / same).read_bytes()


def test_mentions_types_and_prompts_are_learned_together(config, tmp_path, capsys):
    write_sentences(tmp_path / "tags.txt", 12, seed=1)
    config["dataset"] = {"data_type": "conll", "data_file": {"train": str(tmp_path / "tags.txt")}, "valid_ratio": 0.25}
    config["model"] = {"type": "pretraining-model", "embedder": config["model"]["embedder"]}
    config["preprocessor"] = {"prompts": ["LOC"]}
    run = tmp_path / "run"
    assert main(["pretrain", "-c", write(config, tmp_path / "c.yaml"), "-w", str(run), "-d", "cpu"]) == 0
    scores = [line for line in lines_of(run) if line["mode"] == "eval"][-1]
    assert {"evaluation/f1", "evaluation/ident_f1", "evaluation/prompt_f1"} <= scores.keys()
    assert AutoModel.from_pretrained(run / "backbone", add_pooling_layer=False).config.hidden_size == 32


def test_a_model_without_a_backbone_gives_none(config, tmp_path, capsys):
    write_sentences(tmp_path / "tags.txt", 4, seed=1)
    config["dataset"] = {"data_type": "conll", "data_file": {"train": str(tmp_path / "tags.txt")}, "valid_ratio": 0.25}
    config["model"] = {"type": "pretraining-model", "embedder": {"type": "embedding", "embedding_dim": 4}}
    config["preprocessor"] = {}
    path = write(config, tmp_path / "c.yaml")
    assert main(["pretrain", "-c", path, "-w", str(tmp_path / "run"), "-d", "cpu"]) == 2
    assert capsys.readouterr().err.endswith(
        "error: a PretrainingModel without a pretrained backbone has nothing for a backbone folder\n"
    )
