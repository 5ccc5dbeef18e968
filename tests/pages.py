"""The pages of the documentation, and the blocks of code in them."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _found(*patterns: str) -> list[Path]:
    return sorted(page for each in patterns for page in ROOT.glob(each) if "site-packages" not in page.parts)


PAGES = _found("*.md", "docs/**/*.md", "examples/**/*.md")
ALL_PAGES = _found("*.md", "docs/**/*.md", "examples/**/*.md", "benchmarks/*.md")
"""With those whose code needs data that is not here."""


class Block(NamedTuple):
    """A fenced block of code in a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = re.finditer(r"^( *)```(\w*)\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [
        Block(page, match.string.count("\n", 0, match.start()) + 1, match[2], textwrap.dedent(match[3]))
        for match in found
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def written_in(*languages: str) -> Any:
    """Blocks in some languages, as parameters of a test."""
    chosen = [block for block in BLOCKS if block.language in languages]
    assert chosen
    return pytest.mark.parametrize("block", chosen, ids=str)
