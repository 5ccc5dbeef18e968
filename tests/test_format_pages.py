"""The pages of the formats: their examples are read as they say, and their mistakes are met by the messages that they show."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from adaseq.commands.main import main
from adaseq.data.example import Example, labels_of
from adaseq.data.formats.base import Format
from adaseq.errors import DataError
from adaseq.inspection.inspector import Part, find_parts
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS
from tests.pages import PAGES, ROOT, Block, blocks_of, written_in

FORMATS_SHOWN = tuple(value for key, value in vars(Formats).items() if key.isupper())


@written_in(*FORMATS_SHOWN)
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
        self._blocks = blocks_of(page)
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
    pages = {page.stem for page in PAGES if page.parent.name == "formats" and not page.stem.endswith("_zh")}
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
    shown = next(block for block in blocks_of(ROOT / "docs" / name) if block.language == "text")
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
