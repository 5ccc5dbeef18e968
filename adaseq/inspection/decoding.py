"""The lines of a file whatever is in it: what is no text is replaced, and reported."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from adaseq.data.formats.base import BYTE_ORDER_MARK
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.text import shown

# Tried on lines that are no text in the encoding of the file; latin-1 can be anything and comes last.
_CANDIDATES = ("gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252", "latin-1")
_EAST_ASIAN = frozenset({"gb18030", "big5", "shift_jis", "euc_kr"})
_WIDE = ("utf-16", "utf-32")
_HIGH = re.compile(rb"[\x80-\xff]+")
_CONTEXT = 12  # bytes on each side of one that is no text


def decoded_lines(path: Path, encoding: str, findings: Findings | None = None) -> Iterator[str]:
    """The lines of a file with their ends, as `Format.lines` has them, with U+FFFD for what is no text.

    Args:
        path: the file.
        encoding: how it is encoded.
        findings: is told about bytes that are no text, byte order marks and line ends; None to read in silence.
    """
    name = codecs.lookup(encoding).name
    if name.startswith(_WIDE):
        with path.open(encoding=encoding, errors="replace", newline="\n") as text:
            for number, line in enumerate(text, 1):
                yield line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
        return
    surveyed = _Survey(path, encoding, findings) if findings is not None else None
    with path.open("rb") as file:
        for number, content in enumerate(file, 1):
            if surveyed is not None:
                surveyed.add_end(content)
            try:
                line = content.decode(encoding)
            except UnicodeDecodeError as error:
                if surveyed is not None:
                    surveyed.add(number, content, error)
                line = content.decode(encoding, errors="replace")
            if number == 1 and line.startswith(BYTE_ORDER_MARK):
                line = line.removeprefix(BYTE_ORDER_MARK)
                if findings is not None:
                    findings.add("byte-order-mark", Place(str(path), 1, "the file begins with a byte order mark"))
            yield line
    if surveyed is not None:
        surveyed.finish()


class _Survey:
    """What a file's bytes say about its encoding and its line ends."""

    def __init__(self, path: Path, encoding: str, findings: Findings) -> None:
        self._path, self._findings = path, findings
        self._encoding = encoding
        self._candidates = list(_CANDIDATES)
        self._runs: Counter[bool] = Counter()  # whether a run of high bytes is longer than one
        self._bad = 0
        self._ends: Counter[bool] = Counter()
        self._first_end: dict[bool, int] = {}
        self._number = 0

    def add_end(self, line: bytes) -> None:
        self._number += 1
        if line.endswith(b"\n"):
            is_windows = line.endswith(b"\r\n")
            self._ends[is_windows] += 1
            self._first_end.setdefault(is_windows, self._number)

    def add(self, number: int, line: bytes, error: UnicodeDecodeError) -> None:
        self._bad += 1
        self._candidates = [each for each in self._candidates if _decodes(line, each)]
        self._runs.update(len(run) > 1 for run in _HIGH.findall(line))
        around = line[max(error.start - _CONTEXT, 0) : error.end + _CONTEXT]
        what = f"the byte 0x{line[error.start]:02x} at position {error.start + 1} is no text in {self._encoding}"
        place = Place(str(self._path), number, what, shown(around.decode(self._encoding, "backslashreplace").strip()))
        self._findings.add_undecodable(place)

    def finish(self) -> None:
        if len(self._ends) == 2:
            rare = min(self._ends, key=lambda is_windows: self._ends[is_windows])
            how = "CR LF" if rare else "LF alone"
            what = f"{self._ends[rare]} of {sum(self._ends.values())} lines end in {how}, the others do not"
            self._findings.add("mixed-line-ends", Place(str(self._path), self._first_end[rare], what))
        if self._bad and (guess := self._guess()):
            what = f"lines of this kind in {self._path.name} can be read with 'encoding: {guess}', if that gives sense"
            self._findings.annotate("undecodable-bytes", what)

    def _guess(self) -> str | None:
        """The encoding in which all odd lines are text: East Asian if high bytes stand together, else of single bytes."""
        together = self._runs[True] > self._runs[False]
        fitting = [each for each in self._candidates if (each in _EAST_ASIAN) == together]
        if not together and "cp1251" in fitting:
            fitting.remove("cp1251")  # decodes nearly everything; Cyrillic words are runs
        return next(iter(fitting or self._candidates), None)


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def is_binary(path: Path) -> bool:
    """Whether a file is no text at all."""
    with path.open("rb") as file:
        head = file.read(4096)
    return b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
