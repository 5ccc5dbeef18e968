"""Commented configurations: right as they are, and with everything that their comments offer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from adaseq.config import load_config
from adaseq.config.pairing import MODEL_OF_TASK
from adaseq.config.template import commented_config
from adaseq.config.template_texts import TEXTS

DATASET: dict[str, Any] = {"data_file": {"train": "train.txt"}, "data_type": "conll", "valid_ratio": 0.1}


def written(folder: Path, task: str, model: str | None, is_uncommented: bool, forms: Sequence[str] = ()) -> Path:
    text = commented_config(task, "my: name", DATASET, model, forms)
    if is_uncommented:
        head, body = text.split("\n\n", 1)
        body = re.sub(r"^( *)# (?=[ \w-]+:|  )", r"\1", body, flags=re.MULTILINE)
        body = body.replace("use_crf: false", "use_crf: true ")  # which partial and constrained need
        text = head + "\n\n" + body.replace("plugins: [my_module]", "plugins: [json]")
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("task", TEXTS)
@pytest.mark.parametrize("model", [None, "bert-base-cased"])
def test_what_is_written_is_right(tmp_path: Path, task: str, model: str | None) -> None:
    config = load_config(written(tmp_path, task, model, False), environ={}, check_files=False)
    assert config.task == task and config.experiment.exp_name == "my: name"
    assert config.model["type"] == MODEL_OF_TASK[task]
    assert config.model["embedder"].get("model_name_or_path") == model


@pytest.mark.parametrize("task", TEXTS)
@pytest.mark.parametrize("model", [None, "bert-base-cased"])
def test_all_that_is_offered_is_right_too(tmp_path: Path, task: str, model: str | None) -> None:
    config = load_config(written(tmp_path, task, model, True), environ={}, check_files=False)
    assert config.train.precision == "bf16" and config.dataset["labels"]
    assert config.preprocessor["lowercase"] is True


@pytest.mark.parametrize("is_uncommented", [False, True])
@pytest.mark.parametrize("model", [None, "bert-base-cased"])
@pytest.mark.parametrize(
    ("forms", "chosen"), [(["nested"], "global-pointer-model"), (["nested", "discontinuous"], "w2ner-model")]
)
def test_models_for_entities_that_tags_cannot_spell(
    tmp_path: Path, forms: list[str], chosen: str, model: str | None, is_uncommented: bool
) -> None:
    path = written(tmp_path, "named-entity-recognition", model, is_uncommented, forms)
    config = load_config(path, environ={}, check_files=False)
    assert config.model["type"] == chosen and config.model["embedder"].get("model_name_or_path") == model
    assert {"lowercase", "max_length"} <= set(config.preprocessor) or not is_uncommented
