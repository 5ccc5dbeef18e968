"""Configurations of AdaSeq 0.6."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaseq.config import Config, from_old_configuration, load_config
from adaseq.config.compat import label_types

Load = Callable[..., Config]
Problems = Callable[..., list[str]]


def test_spellings_that_mean_the_same(load: Load) -> None:
    config = load(
        "train: {optimizer: {type: AdamW, param_group: [{regex: crf, lr: 5e-1}]}}\n"
        "evaluation: {metrics: [ner-metric, {type: ner-dumper, dump_format: column}]}\n"
        "plugins: json\nwork_dir: out\ndata_collator: {type: SequenceLabelingDataCollatorWithPadding}\n",
        replace={"valid: dev.txt": "dev: dev.txt", "data_type": "task: named-entity-recognition\n  data_type"},
    )
    assert config.train.optimizer["param_groups"] == [{"regex": "crf", "lr": 0.5}]
    assert config.evaluation is not None and config.evaluation.metrics[1]["dump_format"] == "conll"
    assert config.plugins == ["json"] and config.work_dir == "out"
    assert set(config.dataset["data_file"]) == {"train", "valid"} and "task" not in config.dataset
    assert config.warnings == []


def test_the_task_may_stand_in_the_section_dataset(load: Load, problems: Problems) -> None:
    task = "task: named-entity-recognition\n"
    assert load(replace={task: "", "data_type": f"{task}  data_type"}).task == "named-entity-recognition"
    assert problems(replace={"data_type": "task: chunking\n  data_type"}) == [
        (
            "c.yaml:4:9: dataset.task: received 'chunking', but the top-level task is 'named-entity-recognition'; leave it out "
            "here"
        )
    ]


def test_two_spellings_of_one_key_contradict_each_other(problems: Problems) -> None:
    found = problems(
        "train: {optimizer: {type: AdamW, param_group: [], param_groups: []}}\n",
        replace={"valid: dev.txt": "valid: dev.txt, dev: dev.txt"},
    )
    assert found == [
        "c.yaml:3:49: dataset.data_file.dev: means the same as 'valid'; give one of them",
        "c.yaml:7:34: train.optimizer.param_group: give it or 'param_groups', not both",
    ]


def test_special_tokens_are_no_longer_the_users_business(load: Load) -> None:
    config = load(replace={"embedding_dim: 10": "embedding_dim: 10, drop_special_tokens: false"})
    assert "drop_special_tokens" not in config.model["embedder"] and config.warnings == []


def test_keys_that_had_no_effect_warn(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="adaseq"):
        config = load(
            "preprocessor: {bio2bioes: true, max_length: 200}\n"
            'train: {optimizer: {type: AdamW, param_groups: [{regex: crf, "weight_decay\\"": 0.1}]}}\n',
            replace={"data_type: conll": "data_type: conll\n  lower: true"},
        )
    assert [str(warning) for warning in config.warnings] == caplog.messages
    assert sorted(caplog.messages) == [
        (
            "c.yaml:5:3: dataset.lower: now lower-cases the words that the model sees, which it did not do in AdaSeq 0.6; its "
            "name is preprocessor.lowercase"
        ),
        (
            "c.yaml:8:16: preprocessor.bio2bioes: has no effect: tags are read in the scheme that they are written in and "
            "trained in that of preprocessor.tag_scheme, BIOES by default"
        ),
        (
            'c.yaml:9:62: train.optimizer.param_groups.0.weight_decay": the key has a stray quote; it is read as '
            "'weight_decay'"
        ),
    ]
    assert config.preprocessor["lowercase"] is True
    assert config.train.optimizer["param_groups"] == [{"regex": "crf", "weight_decay": 0.1}]


def test_hooks_of_the_old_trainer_have_nothing_left_to_do(load: Load, problems: Problems) -> None:
    config = load(
        "train: {hooks: [LrSchedulerHook, {type: OptimizerHook}, {type: TextLoggerHook, interval: 7, reset_flag: true}, "
        "{type: BestCkptSaverHook, save_trainer_state: true}]}\n"
    )
    hooks = {hook["type"]: hook for hook in config.train.hooks}
    assert "LrSchedulerHook" not in hooks and "OptimizerHook" not in hooks
    assert hooks["TextLoggerHook"]["interval"] == 7 and "reset_flag" not in hooks["TextLoggerHook"]
    assert [warning.path for warning in config.warnings] == [
        "train.hooks.0",
        "train.hooks.1",
        "train.hooks.2.reset_flag",
        "train.hooks.3.save_trainer_state",
    ]
    (problem,) = problems("train: {hooks: [LrSchedulerHook, {type: TextLoggerHook, intervall: 7}]}\n")
    assert "c.yaml:7:57: train.hooks.0.intervall: unknown key 'intervall'; did you mean 'interval'?" in problem


def test_arguments_of_hooks_that_have_nothing_left_to_decide(load: Load, problems: Problems) -> None:
    config = load(
        "train: {hooks: [{type: TensorboardHook, by_epoch: false, ignore_last: true}, "
        "{type: CheckpointHook, push_to_hub: false, hub_repo_id: me/x, hub_token: t, private_hub: true}, "
        "{type: BestCkptSaverHook, interval: 1}, {type: EarlyStopHook, early_stop_strategy: by_epoch}]}\n"
    )
    assert [warning.path.removeprefix("train.hooks.") for warning in config.warnings] == [
        *("0.by_epoch", "0.ignore_last", "1.hub_repo_id", "1.hub_token", "1.private_hub", "2.interval"),
        "3.early_stop_strategy",
    ]
    assert str(config.warnings[-1]).endswith("has no effect: it looks at every evaluation")
    assert problems("train: {hooks: [{type: CheckpointHook, push_to_hub: true}]}\n") == [
        (
            "c.yaml:7:40: train.hooks.0.push_to_hub: nothing is uploaded while training; publish the model when it is trained: "
            "adaseq publish. Leave this out"
        )
    ]


def test_what_is_always_done_need_not_be_asked_for(load: Load) -> None:
    config = load(
        "preprocessor: {mode: train, return_offsets: true, max_length: 100}\n"
        "evaluation: {dataloader: {drop_last: false}}\n"
    )
    assert config.preprocessor["max_length"] == 100 and config.warnings == []


def test_what_the_old_trainer_wrote_into_its_configurations(load: Load) -> None:
    config = load("framework: pytorch\npipeline: {type: x}\ntrain: {work_dir: /gone, max_epochs: 3, logging: {}}\n")
    assert config.train.max_epochs == 3 and config.warnings == []


def test_parts_that_can_be_said_in_one_way_only(load: Load) -> None:
    config = load(
        "data_collator: {type: WordExtractionDataCollatorWithPadding, default_pad_id: 0, no_pad_fields: null}\n",
        replace={"  embedder:": "  type: w2ner-model\n  cnn_encoder: {type: cnn, channels: 8}\n  embedder:"},
    )
    assert config.model["cnn_encoder"] == {"channels": 8} and config.warnings == []


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("owner/name", "modelscope", "modelscope:owner/name"),
        ("owner/name", "hugginface", "huggingface:owner/name"),
        ("bert", "modelscope", "{here}/bert"),
        ("${BERT|owner/name}", "modelscope", "modelscope:owner/name"),
    ],
)
def test_the_hub_of_a_backbone_is_a_part_of_its_name(
    load: Load, folder: Path, name: str, source: str, expected: str
) -> None:
    (folder / "bert").mkdir()
    block = f"model_name_or_path: '{name}', transformer_kwargs: {{source: {source}, revision: v1}}"
    config = load(replace={"type: embedding, embedding_dim: 10": block})
    embedder = config.model["embedder"]
    assert embedder["model_name_or_path"] == expected.format(here=folder)
    assert embedder["transformer_kwargs"] == {"revision": "v1"} and config.warnings == []


def test_lower_false_is_what_is_done_anyway(load: Load) -> None:
    for false in ("false", "no", "off"):
        config = load(f"preprocessor: {{lower: {false}}}\n")
        assert config.preprocessor["lowercase"] is False and config.warnings == []


def test_empty_sections_are_none(load: Load) -> None:
    config = load("experiment:\npreprocessor:\ntrain:\n  dataloader:\n  hooks:\nplugins:\ndata_collator:\n")
    assert config.experiment.seed == 42 and config.train.dataloader.batch_size_per_gpu == 16


def test_an_empty_total_iters_is_left_to_the_schedule(load: Load) -> None:
    config = load("train: {lr_scheduler: {type: LinearLR, start_factor: 1.0, end_factor: 0.0, total_iters: }}\n")
    assert config.train.lr_scheduler["total_iters"] is None


def test_word_dropout_is_a_flag_or_a_rate(load: Load) -> None:
    for value, expected in (("true", True), ("0.1", 0.1), ("0", 0.0)):
        config = load(replace={"embedding_dim: 10}": f"embedding_dim: 10}}\n  word_dropout: {value}"})
        assert config.model["word_dropout"] == expected


def test_given_tags_fix_those_of_the_preprocessor(load: Load) -> None:
    config = load(replace={"embedding_dim: 10}": "embedding_dim: 10}\n  id_to_label: {0: O, 1: B-A, 2: I-A}"})
    assert config.model["id_to_label"] == {0: "O", 1: "B-A", 2: "I-A"}
    assert config.preprocessor["label_to_id"] == {"O": 0, "B-A": 1, "I-A": 2}


@pytest.mark.parametrize(
    ("task", "kind"), [("text-classification", "label_lines"), ("relation-extraction", "marked_pairs")]
)
def test_given_labels_of_whole_texts_are_those_of_the_preprocessor(load: Load, task: str, kind: str) -> None:
    config = load(
        replace={
            "named-entity-recognition": task,
            "data_type: conll": f"data_type: {kind}",
            "embedding_dim: 10}": "embedding_dim: 10}\n  id_to_label: {1: b, 0: None, 2: a}",
        }
    )
    assert config.preprocessor["labels"] == ["None", "b", "a"]


@pytest.mark.parametrize(
    ("tags", "types"),
    [
        (["O", "B-PER", "I-PER", "B-ORG", "S-ORG"], ["PER", "ORG"]),
        (["O", "NOUN", "VERB"], ["NOUN", "VERB"]),
        (["B", "I", "E", "S"], [""]),
        (["O", "B", "I"], [""]),
        (["I", "O", "PRON"], ["I", "PRON"]),
        (["O", "B-B-X", "I-B-X"], ["B-X"]),
    ],
)
def test_types_of_tags(tags: list[str], types: list[str]) -> None:
    assert label_types(tags) == types


@pytest.fixture
def old_configuration() -> dict[str, Any]:
    """What the old trainer wrote beside a model."""
    return {
        "framework": "pytorch",
        "plugins": ["adaseq"],
        "pipeline": {"type": "sequence-labeling-pipeline"},
        "task": "named-entity-recognition",
        "experiment": {"exp_dir": "/gone/", "exp_name": "old", "seed": 42},
        "dataset": {"data_file": {"train": "/gone/train", "valid": "/gone/dev"}, "data_type": "conll"},
        "preprocessor": {
            "type": "sequence-labeling-preprocessor",
            "model_dir": "/gone/bert",
            "max_length": 50,
            "bio2bioes": True,
            "label_to_id": {"O": 0, "B-PER": 1, "I-PER": 2, "E-PER": 3, "S-PER": 4},
        },
        "data_collator": "SequenceLabelingDataCollatorWithPadding",
        "model": {
            "type": "sequence-labeling-model",
            "embedder": {"type": "transformer-embedder", "model_name_or_path": "/gone/bert"},
            "id_to_label": {"0": "O", "1": "B-PER", "2": "I-PER", "3": "E-PER", "4": "S-PER"},
        },
        "train": {
            "max_epochs": 2,
            "dataloader": {"batch_size_per_gpu": 4, "workers_per_gpu": 0},
            "optimizer": {"type": "AdamW", "lr": 1e-3, "param_groups": [{"regex": "crf", "lr": 0.05}]},
            "lr_scheduler": {"type": "constant"},
            "hooks": [{"type": "IterTimerHook"}],
            "checkpoint": {"best": {"save_dir": "/gone"}},
            "logging": {"interval": 50},
            "work_dir": "/gone",
        },
        "evaluation": {
            "dataloader": {"batch_size_per_gpu": 4, "shuffle": False},
            "metrics": [{"type": "ner-metric"}, {"type": "ner-dumper", "model_type": "sequence_labeling"}],
            "period": {},
        },
    }


def test_the_configuration_of_an_old_model_becomes_one_of_today(
    old_configuration: dict[str, Any], folder: Path
) -> None:
    before = json.dumps(old_configuration)
    config = from_old_configuration(old_configuration)
    assert json.dumps(old_configuration) == before
    assert config["model"]["id_to_label"] == {0: "O", 1: "B-PER", 2: "I-PER", 3: "E-PER", 4: "S-PER"}
    assert config["preprocessor"] == {
        "type": "sequence-labeling-preprocessor",
        "label_to_id": {"O": 0, "B-PER": 1, "I-PER": 2, "E-PER": 3, "S-PER": 4},
        "labels": ["PER"],
    }
    assert "plugins" not in config or config["plugins"] == []
    checked = load_config(config, check_files=False)
    assert checked.model["id_to_label"][4] == "S-PER" and checked.warnings == []
