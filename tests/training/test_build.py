"""What a configuration becomes."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from adaseq.config import load_config
from adaseq.training.build import build_trainer, prepare_data
from adaseq.training.runtime import Runtime
from tests.runs import write_run_config


@pytest.mark.parametrize("shuffle", [True, False])
def test_all_processes_get_as_many_batches(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, shuffle: bool
) -> None:
    """Fifteen batches for two processes: one that had fewer would leave the other waiting for ever."""
    config = load_config(
        write_run_config(tmp_path, train={"dataloader": {"batch_size_per_gpu": 4, "shuffle": shuffle}})
    )
    data = prepare_data(config, runtime)
    monkeypatch.setattr(runtime, "world_size", 2)
    counts = []
    for rank in range(2):
        monkeypatch.setattr(runtime, "rank", rank)
        counts.append(build_trainer(config, data, runtime, tmp_path / "run").batches_in_epoch)
    assert counts == [8, 8]


@pytest.mark.parametrize(
    ("model", "missed"),
    [
        (
            {},
            [
                "inside another one: 2 of 6 in train, 1 of 2 in valid.",
                "across another one: 1 of 6",
                "with gaps: 1 of 6",
            ],
        ),
        ({"type": "biaffine-ner-model", "flat_ner": False}, ["across another one: 1 of 6", "with gaps: 1 of 6"]),
        ({"type": "global-pointer-model"}, ["with gaps: 1 of 6"]),
        ({"type": "w2ner-model"}, []),
    ],
)
def test_entities_that_a_model_cannot_find_are_counted(
    tmp_path: Path, runtime: Runtime, caplog: pytest.LogCaptureFixture, model: dict[str, object], missed: list[str]
) -> None:
    words = ["a", "b", "c", "d", "e", "f", "g"]
    nested = {"text": words, "spans": [{"start": 0, "end": 4, "type": "X"}, {"start": 0, "end": 2, "type": "Y"}]}
    odd = [
        {"start": 0, "end": 4, "type": "X"},
        {"start": 3, "end": 7, "type": "Y"},
        {"start": 4, "end": 6, "type": "X"},
        {"start": 0, "end": 7, "type": "X", "parts": [[0, 1], [6, 7]]},
    ]
    files = {"train": [nested, {"text": words, "spans": odd}], "valid": [nested]}
    for split, rows in files.items():
        (tmp_path / f"{split}.json").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = write_run_config(
        tmp_path,
        dataset={"data_type": "json_spans", "data_file": {split: str(tmp_path / f"{split}.json") for split in files}},
        model={"embedder": {"type": "embedding", "embedding_dim": 8}, **model},
        train={"optimizer": {"type": "AdamW", "lr": 0.01}},
    )
    config = load_config(path)
    data = prepare_data(config, runtime)
    with caplog.at_level(logging.WARNING):
        build_trainer(config, data, runtime, tmp_path / "run")
    warnings = [record.getMessage() for record in caplog.records if "finds no entities" in record.getMessage()]
    assert len(warnings) == len(missed)
    for warning, part in zip(warnings, missed, strict=True):
        assert f"The model finds no entities {part}" in warning
