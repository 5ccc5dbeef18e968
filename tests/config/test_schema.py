"""The JSON Schema says what the checker says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from adaseq import metainfo
from adaseq.config import load_config
from adaseq.config.reader import read_document
from adaseq.config.schema import json_schema
from adaseq.config.substitution import Variables

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = [*sorted(ROOT.glob("examples/*/configs/*.yaml")), ROOT / "adaseq" / "demo" / "demo.yaml"]
RIGHT = """\
task: named-entity-recognition
dataset: {data_file: {train: a.txt, valid: b.txt}, data_type: conll, delimiter: tab}
model:
  embedder: {model_name_or_path: bert}
  encoder: {type: lstm, hidden_size: 4}
  dropout: 0.1
preprocessor: {max_length: 128}
train:
  optimizer: {type: AdamW, lr: 2e-5, param_groups: [{regex: crf, lr: 1e-2}], options: {grad_clip: {max_norm: 1}}}
  lr_scheduler: {type: LinearLR, total_iters: , options: {by_epoch: false}}
  hooks: [CheckpointHook, {type: EarlyStopHook, patience: 2}]
evaluation: {metrics: [ner-metric, {type: ner-dumper, dump_format: jsonline}]}
"""


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def read(text: str, tmp_path: Path) -> Any:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    return read_document(tmp_path / "c.yaml", Variables({})).data


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_it_accepts_what_is_shipped_and_what_is_saved(validator: Any, path: Path, tmp_path: Path) -> None:
    validator.validate(read(path.read_text(encoding="utf-8"), tmp_path))
    load_config(path, environ={}, check_files=False).save(tmp_path / "saved.yaml")
    validator.validate(read((tmp_path / "saved.yaml").read_text(), tmp_path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("task:", "tsak:"),
        ("entity-recognition", "entity-recogniton"),
        ("delimiter", "delimeter"),
        ("data_type: conll", "data_type: conlll"),
        ("train: a.txt", "trian: a.txt"),
        ("model_name_or_path", "model_name"),
        ("type: lstm", "type: lsmt"),
        ("hidden_size: 4", "hidden_size: four"),
        (", hidden_size: 4", ""),
        ("dropout: 0.1", "droput: 0.1"),
        ("max_length", "max_lenght"),
        ("type: AdamW", "type: AdamV"),
        ("lr: 2e-5", "lr: fast"),
        ("regex: crf, lr", "regex: crf, lrr"),
        ("regex: crf, ", ""),
        ("max_norm", "max_nrom"),
        ("by_epoch", "by_epochs"),
        ("type: LinearLR, total_iters", "type: LinearLR, total_iter"),
        ("CheckpointHook", "CheckpointHok"),
        ("patience", "patiense"),
        ("jsonline", "jsonlines"),
        ("evaluation:", "evaluate:"),
    ],
)
def test_it_refuses_what_is_misspelt_or_wrong(validator: Any, tmp_path: Path, old: str, new: str) -> None:
    assert RIGHT.count(old) >= 1
    validator.validate(read(RIGHT, tmp_path))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(read(RIGHT.replace(old, new), tmp_path))


def test_variables_may_stand_for_numbers(validator: Any, tmp_path: Path) -> None:
    validator.validate(
        read(RIGHT.replace("2e-5", "'$$LR'").replace("max_length: 128", "max_length: '$${N|3}'"), tmp_path)
    )


def test_classes_of_ones_own_are_not_judged(validator: Any, tmp_path: Path) -> None:
    validator.validate(read(RIGHT.replace("hooks: [", "hooks: [{type: 'mine:Hook', often: 3}, "), tmp_path))


def test_old_spellings_are_deprecated(validator: Any, tmp_path: Path) -> None:
    old = (
        RIGHT.replace("param_groups", "param_group")
        .replace("valid:", "dev:")
        .replace("delimiter", "lower: true, delimiter")
    )
    validator.validate(read(old, tmp_path))
    optimizer = validator.schema["$defs"]["optimizer AdamW"]["properties"]
    assert optimizer["param_group"]["deprecated"] is True and "deprecated" not in optimizer["param_groups"]


def test_every_public_type_has_a_definition_with_help_for_every_argument(validator: Any) -> None:
    definitions = validator.schema["$defs"]
    kinds = {
        "model": metainfo.Models,
        "embedder": metainfo.Embedders,
        "encoder": metainfo.Encoders,
        "preprocessor": metainfo.Preprocessors,
        "data collator": metainfo.DataCollators,
        "metric": metainfo.Metrics,
        "hook": metainfo.Hooks,
        "dataset": metainfo.Formats,
    }
    for kind, names in kinds.items():
        for name in (value for key, value in vars(names).items() if key.isupper()):
            definition = definitions[f"{kind} {name}"]
            assert definition["description"] and definition["additionalProperties"] is False
            for argument, schema in definition["properties"].items():
                assert schema.get("description"), f"{kind} {name}: {argument} is not explained"


def test_every_key_of_every_section_is_explained(validator: Any) -> None:
    for name, definition in validator.schema["$defs"].items():
        if name[0].isupper():
            for key, schema in definition["properties"].items():
                assert schema.get("description"), f"{name}.{key} is not explained"
    assert all(schema.get("description") for schema in validator.schema["properties"].values())


def test_defaults_and_choices_are_there_for_completion(validator: Any) -> None:
    definitions = validator.schema["$defs"]
    assert definitions["TrainDataLoader"]["properties"]["batch_size_per_gpu"]["default"] == 16
    assert definitions["model sequence-labeling-model"]["properties"]["use_crf"]["default"] is True
    embedder = definitions["embedder transformer-embedder"]["properties"]["sub_token_mode"]
    assert "first" in {choice for each in _walk(embedder) for choice in each.get("enum", [])}
    types = {choice for each in _walk(definitions["hook"]) for choice in each.get("enum", [])}
    assert {"EvaluationHook", "EarlyStopHook"} <= types


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each)
