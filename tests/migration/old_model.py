"""A model folder as AdaSeq 0.6 wrote it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from adaseq.models.model_folder import load_model_folder


def save_old_folder(new: Path, folder: Path) -> Path:
    """Write a model of today as AdaSeq 0.6 would have written it.

    Args:
        new: a model folder of today.
        folder: where.
    """
    loaded = load_model_folder(new)
    folder.mkdir(parents=True)
    ids = {label: int(number) for number, label in loaded.preprocessor.id_to_label.items()}  # type: ignore[attr-defined]
    configuration: dict[str, Any] = {
        "framework": "pytorch",
        "plugins": ["adaseq"],
        "pipeline": {"type": "sequence-labeling-pipeline"},
        "task": loaded.task,
        "experiment": {"exp_dir": "/gone/", "exp_name": "old", "seed": 42},
        "dataset": {"data_file": {"train": "/gone/train", "valid": "/gone/dev"}, "data_type": "conll"},
        "preprocessor": {
            "type": "sequence-labeling-preprocessor",
            "model_dir": "/gone/bert",
            "max_length": 50,
            "bio2bioes": True,
            "label_to_id": ids,
        },
        "data_collator": "SequenceLabelingDataCollatorWithPadding",
        "model": {
            "type": "sequence-labeling-model",
            "embedder": {"type": "transformer-embedder", "model_name_or_path": "/gone/bert"},
            "use_crf": True,
            "id_to_label": {str(number): label for label, number in ids.items()},
        },
        "train": {"max_epochs": 2, "checkpoint": {"best": {"save_dir": "/gone"}}, "work_dir": "/gone"},
        "evaluation": {"metrics": [{"type": "ner-metric"}], "period": {}},
    }
    (folder / "configuration.json").write_text(json.dumps(configuration), encoding="utf-8")
    weights = {
        **loaded.model.state_dict(),
        "embedder.transformer_model.embeddings.position_ids": torch.arange(64)[None],
        "embedder.transformer_model.pooler.dense.bias": torch.zeros(32),
    }
    torch.save(weights, folder / "pytorch_model.bin")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(new / name, folder)
    (folder / "eval_result.txt").write_text('{"precision": 0.5, "recall": 0.25, "f1": 0.3333}', encoding="utf-8")
    return folder
