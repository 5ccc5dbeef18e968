"""Configurations of strangers: they are read, explained or refused, and do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adaseq.commands.main import main
from adaseq.config import ConfigError, load_config
from adaseq.errors import AdaSeqError
from adaseq.training.train import train_model
from adaseq.utils import safe_regex
from tests.runs import write_run_config
from tests.torture.traps import Trap, armed


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    """A trap that must not have sprung when the test ends."""
    with armed(tmp_path) as trap:
        yield trap


def problems_of(folder: Path, text: str) -> str:
    """What is wrong with a configuration."""
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(folder / "c.yaml", environ={})
    return str(caught.value).replace(f"{folder}/", "")


def changed(folder: Path, **changes: Any) -> Path:
    """A configuration that works but for what is changed."""
    return write_run_config(folder, **changes)


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [{file}]]",
        "!!python/object/new:pathlib.Path {{args: [{file}]}}",
        "!!python/name:os.system",
        "!!python/module:this",
        "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch {file}']",
        "!custom {{a: 1}}",
    ],
)
def test_tags_of_yaml(trap: Trap, tmp_path: Path, value: str) -> None:
    message = problems_of(tmp_path, f"task: x\nmodel: {value.format(file=trap.file)}\n")
    assert "c.yaml:2:8: " in message


def test_a_billion_laughs(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert "its aliases stand for more than" in problems_of(tmp_path, "\n".join(lines))
    merges = ["a0: &a0 {x: 1}", *(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], y{i}: *a{i - 1}}}" for i in range(1, 60))]
    assert problems_of(tmp_path, "\n".join(merges))
    assert problems_of(tmp_path, "a: &a [*a]\n")


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 50_000, "- " * 50_000, "{a: " * 50_000, "a: " + "&x " * 1000, "? " * 50_000]
)
def test_deep_nesting(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text)
    (tmp_path / "c.json").write_text(text, encoding="utf-8")
    assert main(["check", "-c", str(tmp_path / "c.json")]) == 2


@pytest.mark.parametrize(
    "name", ["subprocess:Popen", "os:system", "builtins:eval", "pathlib:Path", "adaseq.errors:AdaSeqError"]
)
def test_types_that_are_no_components(trap: Trap, tmp_path: Path, name: str) -> None:
    hook = {"type": name, "args": ["touch", str(trap.file)]}
    config = changed(tmp_path, train={"hooks": [hook], "trainer": name}, model={"type": name, "args": "x"})
    with pytest.raises(ConfigError, match="is no hook|has no class"):
        load_config(config)
    assert main(["train", "-c", str(config)]) == 2


def with_group(folder: Path, pattern: str) -> Path:
    """A configuration that says which parameters are meant by such an expression."""
    groups = [{"regex": "crf", "lr": 0.1}, {"regex": ["linear", pattern], "lr": 0.1}]
    return changed(folder, train={"optimizer": {"type": "AdamW", "lr": 0.01, "param_groups": groups}})


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*b", "(.*a){20}", r"(.)\1"])
def test_expressions_without_end(tmp_path: Path, pattern: str) -> None:
    """In `param_groups`, where they meet the names of parameters, and in `label_map`, where they meet labels."""
    file = with_group(tmp_path, pattern)
    line = file.read_text(encoding="utf-8").splitlines().index("      - linear") + 2
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    message = str(caught.value)
    assert f"{file}:{line}:9: train.optimizer.param_groups.1.regex.1: the expression '{pattern[:3]}" in message
    assert "may take for ever" in message
    data = yaml.safe_load(file.read_text(encoding="utf-8"))["dataset"]
    with pytest.raises(ConfigError, match="dataset.label_map.*may take for ever"):
        load_config(changed(tmp_path, dataset={**data, "label_map": {pattern: None}}))


def test_a_slow_expression_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_regex, "_SECONDS", 0.05)
    file = with_group(tmp_path, "[a-z_.]*?" * 20 + "[^ -~]$")
    with pytest.raises(
        AdaSeqError, match=r"param_groups.1: the regex .* is refused: it has 20 repetitions.*takes too long"
    ):
        train_model(file, work_dir=tmp_path / "run", device="cpu")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../elsewhere", "/tmp/elsewhere", "a/../..", "checkpoints", "x\0y", "a\nb"]
)
def test_outputs_that_lead_out_of_the_run_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "precious").mkdir()
    for hook in (
        {"type": "BestCkptSaverHook", "output_sub_dir": name},
        {"type": "BestCkptSaverHook", "save_file_name": name},
        {"type": "CheckpointHook", "output_sub_dir": name},
    ):
        with pytest.raises(ConfigError, match=r"train\.hooks\.0: \w+: \w+ is "):
            load_config(changed(tmp_path, train={"hooks": [hook]}))
    assert (tmp_path / "precious").is_dir()
