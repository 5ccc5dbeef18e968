"""From a model folder of AdaSeq 0.6 to one of today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from adaseq.errors import ModelError
from adaseq.migration.report import Report
from adaseq.models.configuration_file import CONFIGURATION_FILE, OLD_WEIGHTS_FILE, WEIGHTS_FILE, read_configuration
from adaseq.models.model_card import RunFacts
from adaseq.models.model_folder import ModelFolder, load_model_folder, save_model_folder

_SCORES = "eval_result.txt"
_ORIGIN = {"trained by": "AdaSeq 0.6"}
_TRAINING_ONLY = ("dataset", "experiment", "train", "evaluation")


def migrate_folder(old: Path, new: Path) -> Report:
    """Write a model folder of today that predicts as an old one; the old one is only read.

    Args:
        old: a model folder that AdaSeq 0.6 wrote.
        new: where; must not exist.

    Returns:
        What was changed.

    Raises:
        ModelError: it is no such folder, or cannot be loaded.
        AdaSeqError: the new folder cannot be written.
    """
    before = read_configuration(old)
    if "adaseq_version" in before:
        raise ModelError(
            f"'{old}' was written by AdaSeq {before['adaseq_version']} and needs no migration; load it as it is"
        )
    loaded = load_model_folder(old)
    save_model_folder(
        new, loaded.model, loaded.preprocessor, loaded.config, run=RunFacts(valid=_scores(old), facts=_ORIGIN)
    )
    _check_same(loaded, load_model_folder(new))
    return _report(old, new, before, loaded)


def _scores(folder: Path) -> dict[str, Any]:
    """The scores on the valid data that the old trainer left beside a model."""
    try:
        scores = json.loads((folder / _SCORES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return scores if isinstance(scores, dict) else {}


def _check_same(old: ModelFolder, new: ModelFolder) -> None:
    weights, again = old.model.state_dict(), new.model.state_dict()
    if weights.keys() != again.keys() or not all(torch.equal(weights[name], again[name]) for name in weights):
        raise AssertionError("the weights have changed on their way")
    if old.preprocessor.fingerprint() != new.preprocessor.fingerprint():
        raise AssertionError("the preprocessor reads texts otherwise than before")


def _report(old: Path, new: Path, before: Mapping[str, Any], loaded: ModelFolder) -> Report:
    report = Report()
    configuration = json.loads((new / CONFIGURATION_FILE).read_text(encoding="utf-8"))
    gone = [key for key in _TRAINING_ONLY if key in before]
    say = report.changes.append
    if gone:
        say(
            f"{CONFIGURATION_FILE}: {', '.join(gone)} are left out: predicting needs nothing of them, and their paths are gone"
        )
    if "plugins" in before:
        say(f"{CONFIGURATION_FILE}: plugins is left out: it made ModelScope install and run code while loading")
    backbone = ((before.get("model") or {}).get("embedder") or {}).get("model_name_or_path")
    if backbone:
        say(
            f"{CONFIGURATION_FILE}: model.embedder.model_name_or_path: '{backbone}' is '.' now: all of it lies in the folder"
        )
    length, was = configuration["preprocessor"].get("max_length"), (before.get("preprocessor") or {}).get("max_length")
    if was is not None and was != length:
        say(
            f"{CONFIGURATION_FILE}: preprocessor.max_length: {was} is {length} now: AdaSeq 0.6 took 512 whatever stood there; "
            "longer sentences are read in windows, where it lost their ends"
        )
    say(
        f"{CONFIGURATION_FILE}: preprocessor.text_splitter is '{configuration['preprocessor']['text_splitter']}', as the "
        "vocabulary suggests: how raw text becomes words, which AdaSeq 0.6 left to the tokenizer"
    )
    if (old / OLD_WEIGHTS_FILE).is_file():
        count = len(loaded.model.state_dict())
        say(
            f"{OLD_WEIGHTS_FILE} is {WEIGHTS_FILE} now, which can hold no program: {count} tensors with the same numbers"
        )
    there = {path.name for path in new.iterdir()}
    for name in sorted(path.name for path in old.iterdir() if path.name not in there | {OLD_WEIGHTS_FILE}):
        say(f"{name} is left out: " + ("its scores are in README.md" if name == _SCORES else "nothing reads it"))
    for name in sorted(there - {path.name for path in old.iterdir()} - {WEIGHTS_FILE}):
        say(f"{name} is new" + (": the model card" if name == "README.md" else ""))
    return report
