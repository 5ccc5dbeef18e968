"""Old configurations become new ones that mean the same, with their comments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adaseq.config import ConfigError, load_config
from adaseq.config.document import plain
from adaseq.config.reader import read_as_written
from adaseq.config.yaml_text import written_in_block
from adaseq.migration.configs import migrate_config
from adaseq.migration.text_changes import with_content

OLD = """\
# what this is for
experiment:
  exp_dir: ${EXP|experiments}/   # where
task: named-entity-recognition
dataset:
  # the files
  data_file:
    train: train.txt
    dev: dev.txt   # development
  data_type: conll
  lower: true
preprocessor:
  bio2bioes: true
  max_length: 50
model:
  embedder: {type: embedding, embedding_dim: 10}
train:
  optimizer:
    type: AdamW
    param_group:
      # fast
      - regex: crf
        "weight_decay\\"": 0.1
        lr: 5e-1   # high
  lr_scheduler: {type: linear, warmup_rate: 0.1}
  hooks:
    - LrSchedulerHook
    # keep this one
    - type: TextLoggerHook
      interval: 5
      reset_flag: true
    - {type: OptimizerHook}
evaluation: {metrics: [ner-metric, {type: ner-dumper, dump_format: column}]}
"""

NEW = """\
# what this is for
experiment:
  exp_dir: ${EXP|experiments}/   # where
task: named-entity-recognition
dataset:
  # the files
  data_file:
    train: train.txt
    valid: dev.txt   # development
  data_type: conll
preprocessor:
  max_length: 50
  lowercase: true
model:
  embedder: {type: embedding, embedding_dim: 10}
train:
  optimizer:
    type: AdamW
    param_groups:
      # fast
      - regex: crf
        "weight_decay": 0.1
        lr: 5e-1   # high
  lr_scheduler: {type: linear, warmup_rate: 0.1}
  hooks:
    # keep this one
    - type: TextLoggerHook
      interval: 5
evaluation: {metrics: [ner-metric, {type: ner-dumper, dump_format: conll}]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the data files."""
    monkeypatch.chdir(tmp_path)
    for name in ("train.txt", "dev.txt"):
        (tmp_path / name).write_text("a O\n\n", encoding="utf-8")
    return tmp_path


def migrated(folder: Path, text: str, name: str = "old.yaml") -> tuple[str, Any]:
    (folder / name).write_text(text, encoding="utf-8")
    return migrate_config(name)


def test_comments_layout_and_variables_stay(folder: Path) -> None:
    text, report = migrated(folder, OLD)
    assert text == NEW
    assert [line.split(": ")[:2] for line in report.changes] == [
        ["old.yaml:9:5", "dataset.data_file.dev"],
        ["old.yaml:11:3", "dataset.lower"],
        ["old.yaml:13:3", "preprocessor.bio2bioes"],
        ["old.yaml:20:5", "train.optimizer.param_group"],
        ["old.yaml:23:9", 'train.optimizer.param_group.0.weight_decay"'],
        ["old.yaml:27:7", "train.hooks.0"],
        ["old.yaml:31:7", "train.hooks.1.reset_flag"],
        ["old.yaml:32:7", "train.hooks.2"],
        ["old.yaml:33:55", "evaluation.metrics.1.dump_format"],
    ]
    assert report.changes[0] == "old.yaml:9:5: dataset.data_file.dev: the name of this split is 'valid'"
    assert report.effects == [
        "old.yaml:7:3: dataset.data_file: there is no test split, so that AdaSeq 0.6 tested on the valid data; now nothing is tested",
        (
            "old.yaml:14:3: preprocessor.max_length: AdaSeq 0.6 took 512 whatever stood here; now training cuts at this length, "
            "and evaluation and prediction read longer sentences in windows. To have what it did, write 512"
        ),
        (
            "old.yaml:25:3: train.lr_scheduler: AdaSeq 0.6 moved the learning rate of 'linear' once in an epoch, which is hardly "
            "at all; now it moves with each step of the optimizer, from the first to the last"
        ),
    ]
    assert report.to_do == []


def test_the_new_configuration_means_what_the_old_one_means(folder: Path) -> None:
    text, _ = migrated(folder, OLD)
    (folder / "new.yaml").write_text(text, encoding="utf-8")
    old, new = (load_config(name, environ={}) for name in ("old.yaml", "new.yaml"))
    assert new.to_dict() == old.to_dict()
    assert new.warnings == [] and len(old.warnings) == 6


def test_what_is_written_as_before_and_does_otherwise(folder: Path) -> None:
    _, report = migrated(
        folder,
        "dataset: {data_file: {train: a, dev: b}, data_type: conll}\n"
        "model: {word_dropout: 0.1, dropout: 0.3, embedder: {gradient_checkpointing: true}}\n",
    )
    assert report.effects == [
        "old.yaml:1:11: dataset.data_file: there is no test split, so that AdaSeq 0.6 tested on the valid data; now nothing is tested",
        (
            "old.yaml:2:9: model.word_dropout: AdaSeq 0.6 took a number for a flag, and dropped words at the rate of 'dropout'; now "
            "it is a rate of its own. To have what it did, write true"
        ),
        (
            "old.yaml:2:53: model.embedder.gradient_checkpointing: AdaSeq 0.6 took no notice of it; now training takes less memory "
            "and more time"
        ),
    ]
    assert migrated(folder, "model: {type: twostage-ner-model, word_dropout: 0.1}\n")[1].effects == []


@pytest.mark.parametrize("key", ["mode: train", "chunk_size: 512"])
def test_a_length_that_was_honoured(folder: Path, key: str) -> None:
    assert migrated(folder, f"preprocessor: {{{key}, max_length: 100}}\n")[1].effects == []


def test_uploads_while_training_are_left_to_the_user(folder: Path) -> None:
    text, report = migrated(
        folder, "train:\n  hooks:\n    - type: CheckpointHook\n      interval: 1\n      push_to_hub: true\n"
    )
    assert text == "train:\n  hooks:\n    - type: CheckpointHook\n      interval: 1\n"
    assert report.to_do == [
        (
            "old.yaml:5:7: train.hooks.0.push_to_hub: nothing is uploaded while training; publish the model when it is trained: "
            "adaseq publish"
        )
    ]


def test_a_new_configuration_stays_as_it_is(folder: Path) -> None:
    text, report = migrated(folder, NEW)
    assert text == NEW and report.changes == []
    assert "nothing: it is written as today" in str(report)


def test_json_stays_json(folder: Path) -> None:
    text, _ = migrated(
        folder, '{"task": "mcce-entity-typing", "dataset": {"data_file": {"dev": "a"}, "lower": true}}', "old.json"
    )
    assert text == (
        '{"task": "entity-typing", "dataset": {"data_file": {"valid": "a"}}, "preprocessor": {"lowercase": true}}'
    )


def test_json_that_is_indented_with_tabs(folder: Path) -> None:
    text, _ = migrated(folder, '{\n\t"task": "mcce-entity-typing"\n}\n', "old.json")
    assert text == '{\n "task": "entity-typing"\n}\n'
    with pytest.raises(ConfigError, match=r"old\.json:1:\d+: no valid JSON"):
        migrated(folder, '{"task": "x",}', "old.json")


def test_json_that_cannot_keep_its_layout_stays_json() -> None:
    text, has_kept_layout = with_content('{"a": 1}', {"b": 1}, {"c": [1]})
    assert json.loads(text) == {"c": [1]} and not has_kept_layout


def test_a_test_split_that_was_the_valid_split_too(folder: Path) -> None:
    text, report = migrated(folder, "task: x\ndataset:\n  data_file: {train: a, test: b}\n  data_type: conll\n")
    assert text == "task: x\ndataset:\n  data_file: {train: a, test: b}\n  data_type: conll\n  valid: same_as_test\n"
    assert "Its test scores flatter" in report.changes[0]
    for kept in ("  valid_ratio: 0.1\n", "evaluation: null\n"):
        text, report = migrated(folder, f"dataset:\n  data_file: {{train: a, test: b}}\n{kept}")
        assert "same_as_test" not in text and report.changes == []


def test_pickled_files_get_a_command(folder: Path) -> None:
    text, report = migrated(folder, "dataset:\n  labels: l.pkl\n  data_file: {train: a, valid: c, cand: d/c.pkl}\n")
    assert text == "dataset:\n  labels: l.txt\n  data_file: {train: a, valid: c, cand: d/c.json}\n"
    assert [line.split(": ", 2)[2] for line in report.to_do] == [
        "convert the file, if you know who made it: adaseq migrate --allow-pickle l.pkl -o l.txt",
        "convert the file, if you know who made it: adaseq migrate --allow-pickle d/c.pkl -o d/c.json",
    ]


def test_the_command_can_be_copied(folder: Path) -> None:
    _, report = migrated(folder, "dataset:\n  data_file: {cand: my cand.pkl}\n  labels: ${DATA}/l.pkl\n")
    assert [line.split("--allow-pickle ")[1] for line in report.to_do] == [
        "'my cand.pkl' -o 'my cand.json'",
        "${DATA}/l.pkl -o ${DATA}/l.txt",
    ]


def test_a_section_that_becomes_empty(folder: Path) -> None:
    text, report = migrated(folder, "preprocessor:\n  mode: train\n  bio2bioes: true\nmodel: {}  # mine\n")
    assert text == "preprocessor: {}\nmodel: {}  # mine\n" and report.to_do == []


def test_tags_become_types(folder: Path) -> None:
    text, report = migrated(folder, "dataset:\n  labels: ['O', 'B-PER', 'I-PER', 'B-LOC']\n")
    assert text == "dataset:\n  labels: [PER, LOC]\n"
    assert report.changes == ["old.yaml:2:3: dataset.labels: these are types, without prefixes and without O"]


def test_what_the_user_has_to_do(folder: Path) -> None:
    text, report = migrated(folder, "dataset:\n  path: scripts/my_data.py\n")
    assert text == "dataset:\n  path: scripts/my_data.py\n"
    assert report.to_do[0].startswith("old.yaml:2:3: dataset.path: a loading script is run by no library any more")


def test_what_the_old_trainer_wrote_goes(folder: Path) -> None:
    text, _ = migrated(
        folder, "framework: pytorch\ntask: x\ntrain:\n  work_dir: /gone\n  max_epochs: 1\nevaluation:\n  period: {}\n"
    )
    assert read_as_written(text, None).data == {"task": "x", "train": {"max_epochs": 1}, "evaluation": {}}


def test_contradictions_are_errors(folder: Path) -> None:
    with pytest.raises(ConfigError, match="old.yaml:1:35: dataset.data_file.dev: means the same as 'valid'"):
        migrated(folder, "dataset: {data_file: {valid: a,   dev: b}}\n")
    with pytest.raises(ConfigError, match="a Python file is no configuration"):
        migrate_config("old.py")
    with pytest.raises(ConfigError, match="there is no such file"):
        migrate_config("nowhere.yaml")


def test_anchors_are_changed_where_they_stand(folder: Path) -> None:
    text, _ = migrated(
        folder, "a: &a\n  dump_format: conll\nevaluation:\n  metrics:\n    - <<: *a\n      type: ner-dumper\n"
    )
    assert "&a" in text and "<<: *a" in text


def test_where_the_layout_cannot_stay_the_whole_is_written_anew(folder: Path) -> None:
    old = "# mine\nbase: &b {type: ner-dumper, dump_format: column}\nevaluation:\n  metrics:\n    - <<: *b\n"
    text, report = migrated(folder, old)
    assert text.startswith("# mine\n")
    assert read_as_written(text, None).data["evaluation"] == {
        "metrics": [{"type": "ner-dumper", "dump_format": "conll"}]
    }
    assert report.to_do[-1].startswith("look it over")


def test_line_ends_of_windows_stay(folder: Path) -> None:
    (folder / "old.yaml").write_bytes(b"task: x\r\nplugins: json # one\r\nwork_dir: a\r\n")
    assert migrate_config("old.yaml")[0] == "task: x\r\nplugins: [json] # one\r\nwork_dir: a\r\n"


SCALARS = (
    st.none() | st.booleans() | st.integers(-99, 99) | st.sampled_from(["a", "b c", "1e3", "no", "x: y", "#", "$A", ""])
)
KEYS = st.sampled_from(["type", "lr", "dev", "hooks", "x y", "é"])
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(old=TREES, new=TREES, is_flow=st.booleans())
def test_any_text_becomes_any_other(old: dict[str, Any], new: dict[str, Any], is_flow: bool) -> None:
    text = yaml.safe_dump(old, default_flow_style=True, width=1000) if is_flow else written_in_block(old)
    document = read_as_written(text, None)
    changed, _ = with_content(text, plain(document.data), new)
    assert read_as_written(changed, None).data == new
