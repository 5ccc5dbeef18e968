"""The file by which a folder is known as a model's, and what is written in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from adaseq.errors import ModelError

CONFIGURATION_FILE = "configuration.json"
WEIGHTS_FILE = "model.safetensors"
OLD_WEIGHTS_FILE = "pytorch_model.bin"


def read_configuration(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """What is written in the `configuration.json` of a model folder, of today or of AdaSeq 0.6.

    Args:
        folder: the folder.

    Raises:
        ModelError: it is no model folder, or the file is none of AdaSeq's.
    """
    path = Path(folder)
    file = path / CONFIGURATION_FILE
    if not file.is_file():
        there = "there is no such folder" if not path.is_dir() else f"it has no {CONFIGURATION_FILE}"
        hint = ""
        if (path / "output_best" / CONFIGURATION_FILE).is_file():
            hint = f"; the model of this run is in '{path / 'output_best'}'"
        raise ModelError(f"'{path}' is not a model folder: {there}{hint}")
    try:
        config = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"'{file}' cannot be read as JSON: {error}") from None
    if not isinstance(config, dict) or not {"task", "model", "preprocessor"} <= config.keys():
        raise ModelError(f"'{file}' was not written by AdaSeq: it has no 'task', 'model' and 'preprocessor'")
    return config
