"""Whatever is in a configuration: it loads, or it is explained why not."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaseq.config import ConfigError, load_config
from adaseq.config.document import walk
from adaseq.config.reader import read_document
from adaseq.config.substitution import Variables

TEXT = """\
task: named-entity-recognition
experiment: {exp_dir: e, exp_name: x, seed: 4, run_name: r}
dataset: {data_file: {train: [a.txt], valid: b.txt}, data_type: conll, delimiter: tab, labels: [A, B]}
model:
  type: sequence-labeling-model
  embedder: {model_name_or_path: bert, transformer_kwargs: {a: 1}}
  encoder: {type: lstm, hidden_size: 4}
  id_to_label: {0: O, 1: B-A}
preprocessor: {max_length: 128, labels: [a], label_to_id: {O: 0}, lower: true, bio2bioes: 1}
data_collator: {type: SequenceLabelingDataCollatorWithPadding}
train:
  trainer: default-trainer
  dataloader: {batch_size_per_gpu: 3}
  lr_scheduler_hook: {type: PlateauLrSchedulerHook, metric_key: f1}
  optimizer: {type: AdamW, lr: 2e-5, betas: [0.9, 0.99], param_groups: [{regex: [crf], lr: 1e-2}], options: {grad_clip: {max_norm: 1}}}
  lr_scheduler: {type: LinearLR, total_iters: , options: {by_epoch: false, warmup: {type: LinearWarmup, warmup_iters: 3}}}
  hooks: [CheckpointHook, {type: EarlyStopHook, patience: 2}]
evaluation: {dataloader: {batch_size_per_gpu: 3}, metrics: [ner-metric, {type: ner-dumper, dump_format: jsonline}]}
parallel: {type: DistributedDataParallel}
work_dir: w
"""
LEAVES = st.sampled_from(
    [
        None,
        True,
        False,
        -1,
        3,
        2.5,
        float("inf"),
        "",
        "x",
        "a:b",
        "json:JSONDecoder",
        "os:nope",
        "\0",
        "AdamW",
        "LambdaLR",
        "::",
    ]
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "regex", "x", 3, None, "train", 'lr"']), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("right") / "c.yaml"
    path.write_text(TEXT, encoding="utf-8")
    data = read_document(path, Variables({})).data
    load_config(data, check_files=False)
    return data


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_values_of_any_kind_anywhere(right: Any, data: st.DataObject) -> None:
    changed = copy.deepcopy(right)
    for _ in range(data.draw(st.integers(1, 2))):
        places = [path for path, _ in walk(changed) if path]
        *parents, last = data.draw(st.sampled_from(places))
        target = changed
        for part in parents:
            target = target[part]
        if data.draw(st.booleans()):
            target[last] = data.draw(JUNK)
        elif isinstance(target, dict):
            target[data.draw(st.sampled_from(["zzz", 3, "type", "param_group", "dev", "lower"]))] = target.pop(last)
        else:
            del target[last]
    try:
        config = load_config(changed, check_files=data.draw(st.booleans()))
    except ConfigError as error:
        assert str(error)
    else:
        assert load_config(config.to_dict(), check_files=False).to_dict() == config.to_dict()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, len(TEXT)),
    length=st.integers(0, 3),
    new=st.text(alphabet="\t\n -:{}[]'\"&*!|>%@`#,?~$a1é\x00\ud83d", max_size=4),
)
def test_text_of_any_kind_anywhere(tmp_path: Path, place: int, length: int, new: str) -> None:
    path = tmp_path / "c.yaml"
    text = TEXT[:place] + new + TEXT[place + length :]
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load_config(path, environ={}, check_files=False)
    except ConfigError as error:
        assert all(problem.file == str(path) for problem in error.problems)
