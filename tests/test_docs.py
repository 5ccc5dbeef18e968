"""The documentation says what is so: commands parse, configurations pass the checker, names exist, links lead somewhere."""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

import adaseq
from adaseq.commands.main import main, verbs
from adaseq.config import load_config
from adaseq.config.sections import Sections
from adaseq.data.example import Example, labels_of
from adaseq.data.formats.base import Format
from adaseq.errors import DataError
from adaseq.inspection.inspector import Part, find_parts
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS
from adaseq.tuning.grid import Grid

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for page in ROOT.glob(pattern)
    if "site-packages" not in page.parts
)
ENGLISH = [page for page in PAGES if page.with_name(f"{page.stem}_zh.md").exists()]
ONLY_ENGLISH = {"CHANGELOG.md", "CONTRIBUTING.md"}
PLUGINS = {"adaseq_window_tagger": "plugin_package", "gazette_reader": "own_reader"}
FORMATS_SHOWN = tuple(value for key, value in vars(Formats).items() if key.isupper())

MINIMAL: dict[str, Any] = {
    "task": "named-entity-recognition",
    "dataset": {"data_file": "data", "data_type": "conll"},
    "model": {"embedder": {"model_name_or_path": "bert-base-cased"}},
}


class Block(NamedTuple):
    """A fenced block of code in a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _blocks(page: Path) -> list[Block]:
    found = re.finditer(r"^( *)```(\w*)\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [
        Block(page, match.string.count("\n", 0, match.start()) + 1, match[2], textwrap.dedent(match[3]))
        for match in found
    ]


BLOCKS = [block for page in PAGES for block in _blocks(page)]


def _written_in(*languages: str) -> Any:
    chosen = [block for block in BLOCKS if block.language in languages]
    assert chosen
    return pytest.mark.parametrize("block", chosen, ids=str)


def _merged(base: Any, update: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(update, dict)) or "type" in update:
        return update
    return {**base, **{key: _merged(base.get(key), value) for key, value in update.items()}}


@_written_in("yaml")
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


@_written_in(*FORMATS_SHOWN)
def test_data_can_be_read(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "data.txt"
    file.write_text(block.text, encoding="utf-8")
    examples = list(FORMATS.build(block.language).read(file))
    assert any(labels_of(example) for example in examples) or block.language == Formats.PLAIN_TEXT


class FormatPage:
    """A page about a format: an example, how it is read, and what becomes of it; a file with mistakes, and their messages.

    Args:
        page: the page.
    """

    def __init__(self, page: Path) -> None:
        self.name = page.stem.removesuffix("_zh")
        self.text = page.read_text(encoding="utf-8")
        self._blocks = _blocks(page)
        self.config = yaml.safe_load(self._first("yaml"))
        self.example, self.shown, self.command = self._first(self.name), self._first("json"), self._first("bash")
        *broken, self.messages = (block.text for block in self._blocks if block.language == "text")
        self.broken = broken[0] if broken else "\n"

    def _first(self, language: str) -> str:
        return next(block.text for block in self._blocks if block.language == language)

    def write(self, content: str) -> Part:
        """Write the files of the configuration, all with the same content; returns the first."""
        for each in self.config["dataset"]["data_file"].values():
            Path(each).parent.mkdir(exist_ok=True)
            Path(each).write_text(content, encoding="utf-8")
        return find_parts(self.config["dataset"], task=self.config.get("task"))[0]


FORMAT_PAGES = pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name == "formats"], ids=lambda page: page.stem
)


def test_every_format_has_a_page() -> None:
    pages = {page.stem for page in ENGLISH if page.parent.name == "formats"}
    assert pages == set(FORMATS_SHOWN)
    assert pages == {name for name in FORMATS.names() if FORMATS.get(name).__module__.startswith("adaseq.")}
    for index in ("formats.md", "formats_zh.md"):
        links = set(re.findall(r"\(formats/(\w+)\.md\)", (ROOT / "docs" / index).read_text(encoding="utf-8")))
        assert {link.removesuffix("_zh") for link in links} == pages


@FORMAT_PAGES
def test_a_format_page_shows_what_is_read(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    format_page = FormatPage(page)
    part = format_page.write(format_page.example)
    assert part.block["type"] == format_page.name
    examples = _read(part)
    assert len(examples) == int(re.search(r"\*\*(\d+)\*\*", format_page.text)[1])  # type: ignore[index]
    shown = json.loads(format_page.shown)
    assert shown in [{key: _value(example, key) for key in shown} for example in examples]
    assert main(shlex.split(format_page.command)[1:]) == 0


@FORMAT_PAGES
def test_a_format_page_shows_its_errors(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    format_page = FormatPage(page)
    assert _errors(format_page.write(format_page.broken)) == format_page.messages.splitlines()


@FORMAT_PAGES
def test_a_format_page_lists_all_options(page: Path) -> None:
    format_page = FormatPage(page)
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", format_page.text, re.MULTILINE)
    parameters = inspect.signature(FORMATS.get(format_page.name)).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items() if name != "encoding"}
    assert {name: yaml.safe_load(default) for name, default in rows} == {
        name: list(default) if isinstance(default, tuple) else default for name, default in defaults.items()
    }


@pytest.mark.parametrize("name", ["formats.md", "formats_zh.md"])
def test_the_index_of_formats_shows_the_error_about_encodings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("data/train.txt")
    path.parent.mkdir()
    path.write_text("Maria B-PER\nBjørn B-PER\n", encoding="latin-1")
    shown = next(block for block in _blocks(ROOT / "docs" / name) if block.language == "text")
    with pytest.raises(DataError) as raised:
        list(FORMATS.build(Formats.CONLL).read(path))
    assert f"{raised.value}\n" == shown.text


def _read(part: Part) -> list[Example]:
    assert part.path is not None
    return list(_reader(part).read(part.path))


def _reader(part: Part) -> Format:
    reader: Format = FORMATS.build(part.block)
    return reader


def _value(example: Example, key: str) -> Any:
    value = getattr(example, key) if hasattr(example, key) else example.fields.get(key)
    return json.loads(json.dumps(value))


def _errors(part: Part) -> list[str]:
    """The messages about a file: the first, the first without the record that it is about, and so on."""
    assert part.path is not None
    messages: list[str] = []
    lines = part.path.read_text(encoding="utf-8").splitlines()
    for _ in range(len(lines) + 1):
        try:
            _read(part)
            break
        except DataError as error:
            messages.append(str(error))
            if error.line is None:
                break
            first, behind = error.line - 1, error.line
            if _reader(part).layout(part.path) == "blocks":
                first -= next((n for n in range(first) if not lines[first - n - 1]), first)
                behind = next((n for n in range(behind, len(lines)) if not lines[n]), len(lines))
            lines[first:behind] = [""] * (behind - first)
            part.path.write_text("\n".join(lines), encoding="utf-8")
    return messages


@_written_in("bash")
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

    command, table = _blocks(ROOT / "README.md")[1:3]
    capsys.readouterr()
    assert main([*shlex.split(command.text)[1:], "-d", "cpu"]) == 0
    rows = [line.split()[:-1] for line in capsys.readouterr().out.splitlines()]
    assert rows == [line.split()[:-1] for line in table.text.splitlines()]


def _found(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(span["type"], span["span"]) for span in result["output"]]


@_written_in("python")
def test_names_in_code_exist(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("adaseq"):
            module = importlib.import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "adaseq":
            assert hasattr(importlib.import_module("adaseq"), node.attr)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
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
    alone = [page.name for page in PAGES if not page.stem.endswith("_zh") and page not in ENGLISH]
    assert set(alone) == ONLY_ENGLISH


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: str(page.relative_to(ROOT)))
def test_twins_are_in_step(page: Path) -> None:
    twin = page.with_name(f"{page.stem}_zh.md")
    assert _outline(page) == _outline(twin)
    assert [_code(block) for block in _blocks(page)] == [_code(block) for block in _blocks(twin)]


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
