"""Losses that are no numbers: the run stops, names and saves the batch, and keeps the best model as it was."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.runs import lines_of
from tests.torture.conftest import times
from tests.torture.processes import run
from tests.torture.wholeness import assert_all_is_whole

_EXAMPLE = 17
_CASES = [
    ("nan", ["--use_fp16"], 1),
    ("inf", ["--use_bf16"], 3),
    ("nan", [], 2),
    ("nan", ["--use_bf16"], 1),
    ("inf", [], 1),
    ("inf", ["--use_fp16"], 3),
]


def origin_of(config: Path, example: int) -> str:
    """Where an example begins in the training data."""
    sentences = (config.parent / "train.txt").read_text(encoding="utf-8").split("\n\n")
    line = sum(len(each.split("\n")) + 1 for each in sentences[:example]) + 1
    return f"train.txt:{line}"


@pytest.mark.slow
@pytest.mark.parametrize(("value", "flags", "accumulation"), _CASES[: times(short=3, long=len(_CASES))])
def test_a_poisoned_batch_is_named_and_nothing_of_it_is_saved(
    config: Path, undisturbed: Path, tmp_path: Path, value: str, flags: list[str], accumulation: int
) -> None:
    folder = tmp_path / "run"
    poison = f"{{type: 'tests.torture.hooks:Poison', example: {_EXAMPLE}, epoch: 2, value: {value}}}"
    settings = [f"train.hooks.3={poison}", f"train.optimizer.options.cumulative_iters={accumulation}"]
    command = ["train", "-c", config, "-w", folder, "-d", "cpu", *flags]
    for setting in settings:
        command += ["--set", setting]
    said = []
    for resume in ([], ["--resume"]):
        status, printed = run(tmp_path / f"printed{len(said)}", *command, *resume)
        assert status == 2 and "Traceback" not in printed, printed
        found = re.search(r"error: The loss became (\w+) in batch (\d+) \(epoch 2\).*", printed)
        assert found is not None and origin_of(config, _EXAMPLE) in found[0], printed
        said.append(found[0])
        saved = json.loads((folder / "nonfinite_batch.json").read_text(encoding="utf-8"))
        assert saved["iteration"] == int(found[2])
        assert any(each["origin"].endswith(origin_of(config, _EXAMPLE)) for each in saved["examples"])
        assert_all_is_whole(folder, undisturbed)
        assert [line["epoch"] for line in lines_of(folder) if line["mode"] == "eval"] == [1]
        assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"] == "failed"
    assert said[0] == said[1], "a run that goes on from its checkpoint meets the batch once more"


@pytest.mark.slow
@pytest.mark.parametrize("flags", [[], ["--use_bf16"]][: times(short=1, long=2)])
def test_a_learning_rate_that_is_far_too_high_ends_the_run(
    config: Path, undisturbed: Path, tmp_path: Path, flags: list[str]
) -> None:
    folder = tmp_path / "run"
    optimizer = "train.optimizer={type: SGD, lr: 1.0e+38}"
    status, printed = run(
        tmp_path / "printed", "train", "-c", config, "-w", folder, "-d", "cpu", "--set", optimizer, *flags
    )
    assert status == 2 and "Traceback" not in printed, printed
    assert re.search(r"error: The loss became (nan|inf) in batch \d+ \(epoch 1\), which holds the examples", printed), (
        printed
    )
    assert "Lower the learning rate" in printed
    assert (folder / "nonfinite_batch.json").exists() and not (folder / "best_model.pth").exists()
    assert_all_is_whole(folder, undisturbed)
