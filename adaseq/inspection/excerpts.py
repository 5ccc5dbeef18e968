"""The beginnings of sentences that are known by their place alone: taken from the file once more."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from adaseq.inspection.decoding import decoded_lines, is_binary
from adaseq.inspection.text import shown

_MOST = 5000
_LINES = 15
_CONLLU_TABS = 9


class Excerpts:
    """Beginnings of some sentences."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[str, str], dict[int, bool]] = {}  # for each file and its encoding
        self._texts: dict[tuple[str, int], str] = {}
        self._count = 0

    def want(self, file: str, encoding: str | None, line: int | None, words_have_lines: bool) -> None:
        """Ask for a sentence; after a few thousand nothing happens.

        Args:
            file: its file.
            encoding: how that is encoded; None where records have numbers instead of lines.
            line: where it begins.
            words_have_lines: each word stands on a line of its own.
        """
        if line is not None and encoding is not None and self._count < _MOST:
            self._wanted.setdefault((file, encoding), {})[line] = words_have_lines
            self._count += 1

    def read(self) -> None:
        """Read all that was asked for."""
        for (file, encoding), wanted in self._wanted.items():
            if Path(file).is_file() and not is_binary(Path(file)):
                self._read(file, encoding, wanted)

    def get(self, file: str, line: int | None) -> str:
        """The beginning of a sentence; empty if it is not known."""
        return "" if line is None else self._texts.get((file, line), "")

    def _read(self, file: str, encoding: str, wanted: dict[int, bool]) -> None:
        started: int | None = None
        words: list[str] = []
        for number, line in enumerate(decoded_lines(Path(file), encoding), 1):
            if started is not None and (not line.strip() or len(words) == _LINES):
                self._texts[file, started] = _joined(words, has_more=bool(line.strip()))
                started = None
            if started is not None:
                words.append(_word(line))
            elif number in wanted and line.strip():
                if wanted[number] or _is_conllu(line):
                    started, words = number, [_word(line)]
                else:
                    self._texts[file, number] = shown(_text_of(line))
        if started is not None:
            self._texts[file, started] = _joined(words, has_more=False)


def _word(line: str) -> str:
    return line.split("\t")[1] if _is_conllu(line) else line.split()[0]


def _text_of(line: str) -> str:
    """Of a JSON object its longest text, else the line."""
    if line.startswith("{"):
        with contextlib.suppress(ValueError, RecursionError):
            values = [_spelt(value) for value in json.loads(line).values()]
            return max(values, key=len, default="") or line
    return " ".join(line.split())


def _spelt(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return ("" if all(len(word) == 1 for word in value) else " ").join(value)
    return value if isinstance(value, str) else ""


def _is_conllu(line: str) -> bool:
    return line.count("\t") == _CONLLU_TABS


def _joined(words: list[str], has_more: bool) -> str:
    between = "" if all(len(word) == 1 for word in words) else " "
    return shown(between.join(words) + ("…" if has_more else ""))
