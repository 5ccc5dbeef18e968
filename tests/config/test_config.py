"""A checked configuration: defaults, and what is saved."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adaseq.config import Config, load_config
from adaseq.config.reader import read_document
from adaseq.config.substitution import Variables
from adaseq.config.writer import to_yaml, without_secrets

Load = Callable[..., Config]

BACKBONE = {"{type: embedding, embedding_dim: 10}": "{model_name_or_path: some-hub-name}"}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
LIKE_OTHER_TYPES = st.sampled_from(
    [
        "2e-5",
        "yes",
        "on",
        "~",
        "null",
        "007",
        "0o17",
        "1_000",
        ".inf",
        "$A",
        "$$",
        "${x|y}",
        "[a",
        "a: b",
        "# c",
        "- d",
        "12:30",
    ]
)


def test_the_partners_of_the_model_are_the_defaults(load: Load) -> None:
    config = load()
    assert config.model["type"] == "sequence-labeling-model"
    assert config.preprocessor["type"] == "sequence-labeling-preprocessor"
    assert config.data_collator == {"type": "SequenceLabelingDataCollatorWithPadding"}
    assert config.evaluation is not None
    assert [metric["type"] for metric in config.evaluation.metrics] == ["ner-metric", "ner-dumper"]
    assert config.evaluation.metrics[1]["dump_format"] == "conll"


def test_a_backbone_is_trained_slowly_and_its_crf_fast(load: Load) -> None:
    config = load(replace=BACKBONE)
    assert config.model["embedder"]["type"] == "transformer-embedder"
    assert config.train.optimizer["type"] == "AdamW" and config.train.optimizer["lr"] == 5e-5
    assert config.train.optimizer["param_groups"] == [{"regex": "crf", "lr": 5e-2}]
    without_crf = load(replace={key: f"{value}\n  use_crf: false" for key, value in BACKBONE.items()})
    assert "param_groups" not in without_crf.train.optimizer


@pytest.mark.parametrize(
    ("optimizer", "lr"),
    [("{type: AdamW}", 5e-5), ("{weight_decay: 0}", 5e-5), ("Adam", 5e-5), ("SGD", 1e-3), ("{lr: 3e-4}", 3e-4)],
)
def test_the_learning_rate_where_none_is_given(load: Load, optimizer: str, lr: float) -> None:
    assert load(f"train: {{optimizer: {optimizer}}}\n", replace=BACKBONE).train.optimizer["lr"] == lr


def test_embeddings_learn_at_the_rate_of_the_optimizer(load: Load) -> None:
    config = load()
    assert config.train.optimizer["lr"] == 1e-3 and "param_groups" not in config.train.optimizer


def test_the_schedule_is_linear_with_warm_up(load: Load) -> None:
    assert load().train.lr_scheduler == {"type": "linear", "warmup_rate": 0.1, "options": {}}
    assert load("train: {lr_scheduler: {type: constant}}\n").train.lr_scheduler == {"type": "constant", "options": {}}


def test_listed_hooks_are_merged_with_the_defaults_by_type(load: Load) -> None:
    config = load(
        "train: {hooks: [{type: EarlyStopHook, patience: 2}, {type: TextLoggerHook, interval: 7}, CheckpointHook, "
        "{type: CheckpointHook, output_sub_dir: more}]}\n"
    )
    hooks = {hook["type"]: hook for hook in config.train.hooks}
    assert [hook["type"] for hook in config.train.hooks] == [
        "EvaluationHook",
        "IterTimerHook",
        "BestCkptSaverHook",
        "TextLoggerHook",
        "ProgressHook",
        "EarlyStopHook",
        "CheckpointHook",
        "CheckpointHook",
    ]
    assert hooks["TextLoggerHook"]["interval"] == 7 and hooks["EarlyStopHook"]["patience"] == 2
    assert hooks["BestCkptSaverHook"]["metric_key"] == "f1"
    text_logger = {hook["type"]: hook for hook in load().train.hooks}["TextLoggerHook"]
    assert text_logger["interval"] == 50


def test_without_an_evaluation_nothing_evaluates(load: Load) -> None:
    config = load("evaluation:\n", replace={", valid: dev.txt": ""})
    assert config.evaluation is None and "EvaluationHook" not in [hook["type"] for hook in config.train.hooks]
    assert config.to_dict()["evaluation"] is None


@pytest.mark.parametrize(
    ("metrics", "types"),
    [
        ("ner-metric", ["ner-metric", "ner-dumper"]),
        ("{type: ner-metric, mode: strict}", ["ner-metric", "ner-dumper"]),
        ("[sequence-labeling-metric, ner-metric]", ["sequence-labeling-metric", "ner-metric", "ner-dumper"]),
        ("[{type: ner-dumper, dump_format: jsonline}, ner-metric]", ["ner-dumper", "ner-metric"]),
    ],
)
def test_there_is_always_a_dumper(load: Load, metrics: str, types: list[str]) -> None:
    config = load(f"evaluation: {{metrics: {metrics}}}\n")
    assert config.evaluation is not None
    assert [metric["type"] for metric in config.evaluation.metrics] == types


def test_the_saved_configuration_is_complete_and_loads_as_the_same(load: Load, tmp_path: Path) -> None:
    config = load(
        "experiment: {exp_name: 007, seed: 3}\n"
        "preprocessor: {tag_scheme: BIO, tokenizer_kwargs: {unk_token: '[UNK]'}}\n"
        "train:\n  optimizer: {type: SGD, lr: 2e-5, param_groups: [{regex: [linear, 'crf$'], lr: 1}]}\n"
        "  lr_scheduler: {type: LinearLR, total_iters: , options: {by_epoch: false}}\n"
        "  dataloader: {token_budget: 4096}\n"
        "parallel: {type: DistributedDataParallel, find_unused_parameters: yes}\n",
    )
    saved = tmp_path / "run" / "config.yaml"
    config.save(saved)
    again = load_config(saved, environ={})
    assert again.to_dict() == config.to_dict()
    assert again.experiment.exp_name == "007"
    assert load_config(config.to_dict()).to_dict() == config.to_dict()
    again.save(tmp_path / "again.yaml")
    load_config(tmp_path / "again.yaml").save(tmp_path / "once_more.yaml")
    assert (tmp_path / "again.yaml").read_text() == (tmp_path / "once_more.yaml").read_text()


def test_a_dollar_sign_survives_saving(load: Load, tmp_path: Path) -> None:
    config = load("train: {optimizer: {param_groups: [{regex: 'a$$B|crf$', lr: 1}]}}\n")
    assert config.train.optimizer["param_groups"][0]["regex"] == "a$B|crf$"
    config.save(tmp_path / "saved.yaml")
    assert load_config(tmp_path / "saved.yaml", environ={}).to_dict() == config.to_dict()


def test_labels_found_in_the_data_can_be_saved(load: Load, tmp_path: Path) -> None:
    config = load()
    config.dataset["labels"] = ["", "1", "yes", "人名"]
    config.save(tmp_path / "saved.yaml")
    assert load_config(tmp_path / "saved.yaml").dataset["labels"] == ["", "1", "yes", "人名"]


def test_secrets_are_never_written(load: Load, tmp_path: Path) -> None:
    config = load(
        "preprocessor: {tokenizer_kwargs: {token: s3cret, unk_token: '[UNK]'}}\n",
        replace={key: f"{value[:-1]}, transformer_kwargs: {{token: s3cret}}}}" for key, value in BACKBONE.items()},
    )
    assert config.model["embedder"]["transformer_kwargs"] == {"token": "s3cret"}
    config.save(tmp_path / "saved.yaml")
    text = (tmp_path / "saved.yaml").read_text()
    assert "s3cret" not in text and "unk_token" in text
    assert without_secrets([{"access_token": 1, "a": [{"hub_token": 2}]}]) == [{"a": [{}]}]


@given(
    value=st.recursive(
        SCALARS | LIKE_OTHER_TYPES,
        lambda each: (
            st.lists(each, max_size=3)
            | st.dictionaries(st.text(min_size=1, max_size=5) | LIKE_OTHER_TYPES, each, max_size=3)
        ),
        max_leaves=6,
    )
)
def test_what_is_written_reads_back_the_same(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    path.write_text(to_yaml({"key": value}), encoding="utf-8")
    document = read_document(path, Variables({}))
    assert document.data == {"key": value} and not document.problems


@pytest.mark.parametrize("text", ["2e-5", "yes", "007", "0o17", "~", "1_000", "12:30"])
def test_readers_of_yaml_1_1_see_text_too(text: str) -> None:
    assert yaml.safe_load(to_yaml({"key": text})) == {"key": text}


def test_values_of_programs_become_those_of_yaml(folder: Path) -> None:
    kind = Enum("Kind", {"TASK": "named-entity-recognition"}, type=str)
    config = load_config(
        {
            "task": kind["TASK"],
            "dataset": {"data_file": {"train": Path("train.txt"), "valid": "dev.txt"}, "data_type": "conll"},
            "model": {"embedder": MappingProxyType({"type": "embedding", "embedding_dim": np.int64(4)})},
            "experiment": {"seed": np.int64(3)},
            "train": {"optimizer": {"lr": np.float64(0.5), "betas": (0.9, 0.99)}},
        }
    )
    config.save("saved.yaml")
    again = load_config("saved.yaml")
    assert again.to_dict() == config.to_dict() and again.task == "named-entity-recognition"
    assert (again.experiment.seed, again.train.optimizer["lr"], again.model["embedder"]["embedding_dim"]) == (3, 0.5, 4)


def test_secrets_are_kept_only_where_they_are_asked_for(folder: Path) -> None:
    source = {"path": "owner/name", "access_token": "secret"}
    config = load_config({"task": "chunking", "dataset": source, "model": {"embedder": {"type": "embedding"}}})
    assert "access_token" not in config.to_dict()["dataset"]
    assert config.to_dict(with_secrets=True)["dataset"]["access_token"] == "secret"


def test_saving_again_changes_nothing(load: Load, folder: Path) -> None:
    config = load(replace={"data_type: conll": "token_column: 0\n  data_type: conll"})
    config.dataset["labels"] = ["A"]  # as a run fills them in
    config.save("first.yaml")
    load_config("first.yaml").save("second.yaml")
    assert Path("first.yaml").read_text(encoding="utf-8") == Path("second.yaml").read_text(encoding="utf-8")
