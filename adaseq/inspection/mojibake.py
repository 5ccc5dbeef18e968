"""Text that was written in one encoding and read in another, and what it was."""

from __future__ import annotations

import re
import unicodedata

# How windows-1252 (with latin-1 in its five gaps) shows the bytes of UTF-8: a first byte and those that go on.
_HIGH = bytes(range(0x80, 0x100))


def _single_bytes() -> dict[str, int]:
    table = {}
    for byte in _HIGH:
        try:
            char = bytes([byte]).decode("cp1252")
        except UnicodeDecodeError:
            char = chr(byte)
        table[char] = byte
        table.setdefault(chr(byte), byte)
    return table


_BYTES = _single_bytes()
_GOING_ON = "".join(re.escape(char) for char, byte in _BYTES.items() if byte < 0xC0)
_LATIN_RUN = re.compile(
    f"(?:[\u00c2-\u00df][{_GOING_ON}]|[\u00e0-\u00ef][{_GOING_ON}]{{2}}|[\u00f0-\u00f4][{_GOING_ON}]{{3}})+"
)
_HAN_RUN = re.compile("[\u2e80-\u9fff\ue000-\uf8ff]{3,}")
# What lost text becomes when it is read as GBK once more.
_ALWAYS = re.compile("(?:锟斤拷)+|烫{3,}|屯{3,}")
# First bytes of two-byte sequences in scripts that hardly anybody means: an ordinary ß or Ü before a quotation mark.
_UNLIKELY = re.compile("[\u0530-\u08ff]")

Garbled = tuple[int, int, str]
"""Start and end in the text, and what was meant; empty if that is lost."""


def find_mojibake(text: str) -> list[Garbled]:
    """Where a text was decoded wrongly.

    Args:
        text: the text.
    """
    if text.isascii():
        return []
    found: list[Garbled] = [(*match.span(), "") for match in _ALWAYS.finditer(text)]
    for match in _LATIN_RUN.finditer(text):
        meant = _from_single_bytes(match[0])
        if meant is not None:
            found.append((*match.span(), meant))
    for match in _HAN_RUN.finditer(text):
        meant = _from_gbk(match[0])
        if meant is not None:
            found.append((*match.span(), meant))
    return sorted(found)


def _from_single_bytes(run: str) -> str | None:
    try:
        meant = bytes(_BYTES[char] for char in run).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return None
    if any(not char.isprintable() and not char.isspace() for char in meant):
        return None
    if _UNLIKELY.search(meant) or any(unicodedata.category(char) in ("Cn", "Co") for char in meant):
        return None
    return meant


def _from_gbk(run: str) -> str | None:
    """UTF-8 that was read as GBK: rare characters that together spell only common ones."""
    if not any(_is_rare(char) for char in run):
        return None
    for cut in range(3):  # the last character of a run may be half of one
        part = run[: len(run) - cut]
        try:
            meant = part.encode("gbk").decode("utf-8")
        except UnicodeError:
            continue
        if len(meant) > 1 and all(_is_common(char) for char in meant):
            return "" if cut else meant
    return None


def _is_rare(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False


def _is_common(char: str) -> bool:
    """Whether a character is one of the 3755 of level 1 of GB 2312, or of its punctuation."""
    try:
        code = char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and 0xA1 <= code[0] <= 0xD7
