"""The documentation says what is so: commands parse, configurations pass the checker, names exist, links lead somewhere."""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import adaseq
from adaseq.commands.main import main, verbs
from adaseq.config import load_config
from adaseq.config.sections import Sections
from adaseq.tuning.grid import Grid
from tests.pages import ALL_PAGES, BLOCKS, ROOT, Block, blocks_of, written_in

ENGLISH = [page for page in ALL_PAGES if page.with_name(f"{page.stem}_zh.md").exists()]
ONLY_ENGLISH = {"CHANGELOG.md", "CONTRIBUTING.md"}
PLUGINS = {"adaseq_window_tagger": "plugin_package", "gazette_reader": "own_reader"}

MINIMAL: dict[str, Any] = {
    "task": "named-entity-recognition",
    "dataset": {"data_file": "data", "data_type": "conll"},
    "model": {"embedder": {"model_name_or_path": "bert-base-cased"}},
}


def _merged(base: Any, update: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(update, dict)) or "type" in update:
        return update
    return {**base, **{key: _merged(base.get(key), value) for key, value in update.items()}}


@written_in("yaml")
def test_configurations_pass_the_checker(block: Block, tmp_path: Path) -> None:
    written = yaml.safe_load(block.text)
    if written is None:
        return  # a comment for editors
    assert set(written) <= set(Sections.model_fields), "not a part of a configuration"
    # What is no part of the block must not hide that something in it is wrong: a whole configuration stands alone.
    is_whole = {"task", "dataset", "model"} <= set(written)
    config = tmp_path / "config.yaml"
    whole = written if is_whole else _merged(copy.deepcopy(MINIMAL), written)
    config.write_text(block.text if is_whole else yaml.safe_dump(whole), encoding="utf-8")
    plugin = next((folder for name, folder in PLUGINS.items() if name in block.text), None)
    if plugin is not None:
        _check_with_plugin(config, plugin)
    elif block.page.stem.startswith("grid_search"):
        grid = Grid.read(config)
        assert [axis.path for axis in grid.axes]
        load_config(config, grid.trials[0].overrides, environ={}, check_files=False)
    else:
        load_config(config, environ={}, check_files=False)


def _check_with_plugin(config: Path, folder: str) -> None:
    """In a process of its own: what the plugin registers would stay for the tests that follow."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "examples" / folder)])
    command = [sys.executable, "-m", "adaseq", "check", "--schema-only", "-c", str(config)]
    result = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, encoding="utf-8", check=False
    )
    assert result.returncode == 0, result.stderr


@written_in("bash")
def test_commands_parse(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and re.match(r"\w+=", words[0]):
            del words[0]
        if words:
            _check_command(words)


def _check_command(words: list[str]) -> None:
    program, arguments = words[0], words[1:]
    if program == "adaseq":
        assert arguments[0] in verbs() or arguments in (["--version"], ["--help"])
        if arguments[0] in verbs():
            _parse(arguments[0], arguments[1:])
    elif program in ("python", "torchrun"):
        script = next(i for i, word in enumerate(arguments) if word.startswith("scripts/"))
        assert (ROOT / arguments[script]).is_file()
        verb = Path(arguments[script]).stem
        if verb in verbs():
            _parse(verb, arguments[script + 1 :])
    elif program == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(arguments) <= set(targets)
    else:
        assert program in ("cat", "cd", "export", "head", "kill", "ls", "pip", "tensorboard"), (
            f"unknown program {program}"
        )


def _parse(verb: str, arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    importlib.import_module(f"adaseq.commands.{verb}").add_arguments(parser)
    parser.parse_args(arguments)


def test_the_tutorial_shows_what_the_checker_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = next(block for block in BLOCKS if block.text.startswith("error: 2 problems"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "adaseq" / "demo" / "demo_corpus", "data")
    init = [
        "init",
        "--task",
        "named-entity-recognition",
        "--data",
        "data",
        "--model",
        "bert-base-cased",
        "-o",
        "my.yaml",
    ]
    assert main(init) == 0
    config = Path("my.yaml")
    text = config.read_text(encoding="utf-8").replace("dropout: 0.1", "droput: 0.1")
    config.write_text(re.sub(r"(?m)^    lr: .*$", "    lr: fast", text), encoding="utf-8")
    capsys.readouterr()
    assert main(["check", "-c", "my.yaml"]) == 2
    assert capsys.readouterr().err == shown.text


@pytest.mark.slow
def test_the_demo_finds_what_the_pages_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "-c", "demo.yaml", "-r", "first", "-d", "cpu"]) == 0
    predictor = adaseq.load("experiments/demo/first/output_best")
    shown = next(block for block in BLOCKS if block.text.startswith('{"text": "Kestrel'))
    result = json.loads(shown.text)
    assert _found(predictor(result["text"])) == _found(result)

    command, table = blocks_of(ROOT / "README.md")[1:3]
    capsys.readouterr()
    assert main([*shlex.split(command.text)[1:], "-d", "cpu"]) == 0
    rows = [line.split()[:-1] for line in capsys.readouterr().out.splitlines()]
    assert rows == [line.split()[:-1] for line in table.text.splitlines()]


def _found(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(span["type"], span["span"]) for span in result["output"]]


@written_in("python")
def test_names_in_code_exist(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("adaseq"):
            module = importlib.import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "adaseq":
            assert hasattr(importlib.import_module("adaseq"), node.attr)


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), target


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_has_a_chinese_twin() -> None:
    alone = [page.name for page in ALL_PAGES if not page.stem.endswith("_zh") and page not in ENGLISH]
    assert set(alone) == ONLY_ENGLISH
    for page in ENGLISH:
        twin = page.with_name(f"{page.stem}_zh.md")
        for here, there, language in ((page, twin, "中文"), (twin, page, "English")):
            assert f"\n[{language}]({there.name})" in here.read_text(encoding="utf-8"), (
                f"{here} does not lead to its twin"
            )


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_fences_stand_alone(page: Path) -> None:
    fences = [line for line in page.read_text(encoding="utf-8").splitlines() if "```" in line]
    assert [line for line in fences if not re.fullmatch(r" *```\w*", line)] == []
    assert len(fences) % 2 == 0


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: str(page.relative_to(ROOT)))
def test_twins_are_in_step(page: Path) -> None:
    twin = page.with_name(f"{page.stem}_zh.md")
    assert _outline(page) == _outline(twin)
    assert [_code(block) for block in blocks_of(page)] == [_code(block) for block in blocks_of(twin)]


def _outline(page: Path) -> list[str]:
    """The levels of headings and the number of rows of tables, in order."""
    lines = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL).splitlines()
    return [re.match(r"#+|\|", line)[0] for line in lines if re.match(r"#+ |\|", line)]  # type: ignore[index]


def _code(block: Block) -> str:
    """The code without comments, which are translated."""
    lines = [re.sub(r"(^|\s+)#.*", "", line).rstrip() for line in block.text.splitlines()]
    return "\n".join(line for line in lines if line)


def test_the_configuration_reference_is_up_to_date() -> None:
    command = [sys.executable, "scripts/configuration_reference.py", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_every_verb_is_explained(verb: str) -> None:
    assert any(f"adaseq {verb}" in page.read_text(encoding="utf-8") for page in ROOT.glob("docs/**/*.md"))
