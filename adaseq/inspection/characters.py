"""What can be wrong with characters: found in a piece of text, and mended where that is safe."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from adaseq.inspection.mojibake import find_mojibake
from adaseq.inspection.text import harmless

# Directions of text are among them: what is shown is then not what is written (Boucher and Anderson 2021).
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_INVISIBLE = r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2060-\u2064\u3164\ufeff\uffa0"
_JOINERS = frozenset("\u200c\u200d\u200e\u200f\u061c")
_PRIVATE = r"\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff"
_WIDE = r"\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_RADICALS = r"\u2f00-\u2fd5"
_LATIN, _GREEK, _CYRILLIC = r"A-Za-z\u00c0-\u024f", r"\u0370-\u03ff", r"\u0400-\u052f"

# Letters of one alphabet that look like letters of another.
_LOOK_ALIKE = {
    "Latin": frozenset("aeopcyxijsABEKMHOPCTXYIJSNZ"),
    "Greek": frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"),
    "Cyrillic": frozenset("аеорсухіјѕԁһԛԝАВЕЗКМНОРСТХУІЈЅ"),
}

_GREEK_WORD = 3  # different letters

CONTROLS = re.compile(f"[{_CONTROLS}]")
INVISIBLE = re.compile(f"[{_INVISIBLE}]")
WIDE = re.compile(f"[{_WIDE}]+")
_LOST = re.compile("\ufffd+")
_PRIVATE_RUN = re.compile(f"[{_PRIVATE}]+")
_RADICAL_RUN = re.compile(f"[{_RADICALS}]+")
_MIXED = re.compile(f"[{_LATIN}][{_GREEK}{_CYRILLIC}]|[{_GREEK}{_CYRILLIC}][{_LATIN}]")
_ALPHABETIC = re.compile(f"[{_LATIN}{_GREEK}{_CYRILLIC}]+")
_SUSPICIOUS = re.compile(f"[{_CONTROLS}{_INVISIBLE}{_PRIVATE}{_WIDE}{_RADICALS}\ufffd]")
_NOTHING = re.compile(rf"[\s{_CONTROLS}{_INVISIBLE}]*")


class Fault(NamedTuple):
    """Something that is wrong with a part of a text.

    Attributes:
        code: its kind.
        start: the first character.
        end: the one behind the last.
        what: in words.
        fix: what to write instead, where that can be said.
    """

    code: str
    start: int
    end: int
    what: str
    fix: str = ""


def find_faults(text: str) -> list[Fault]:
    """What is wrong with the characters of a text, in their order.

    Args:
        text: a word, or a sentence.
    """
    if text.isascii() and text.isprintable():
        return []
    faults = list(_faults(text))
    return sorted(faults, key=lambda fault: (fault.start, fault.end))


faults_of_word: Callable[[str], list[Fault]] = lru_cache(maxsize=1 << 16)(find_faults)
"""The same for words, most of which come again."""


def is_nothing(word: str) -> bool:
    """Whether a word is nothing but white space and invisible characters."""
    return (not word.isalnum()) and _NOTHING.fullmatch(word) is not None


def mended(word: str) -> str:
    """A word without what can be taken out of it, or undone, safely; the word itself if nothing would be left.

    Args:
        word: the word.
    """
    if word.isascii() and word.isprintable():
        return word
    for start, end, meant in reversed(find_mojibake(word)):
        if meant:
            word = word[:start] + meant + word[end:]
    kept = "".join(char for i, char in enumerate(word) if not _is_to_go(word, i))
    return unicodedata.normalize("NFC", kept) if kept.strip() else word


def _faults(text: str) -> Iterator[Fault]:
    garbled = find_mojibake(text)
    for start, end, meant in garbled:
        fix = f"write '{harmless(meant)}'" if meant else ""
        yield Fault("mojibake", start, end, f"'{harmless(text[start:end])}' was decoded wrongly", fix)
    if _SUSPICIOUS.search(text):
        yield from _suspicious(text, garbled)
    yield from _mixed_scripts(text)
    if not unicodedata.is_normalized("NFC", text):
        yield from _not_normalised(text)


def _suspicious(text: str, garbled: list[tuple[int, int, str]]) -> Iterator[Fault]:
    def is_garbled(place: int) -> bool:
        return any(start <= place < end for start, end, _ in garbled)

    for match in CONTROLS.finditer(text):
        if not is_garbled(match.start()):
            yield Fault("control-character", *match.span(), f"{_name(match[0])}", "take it out")
    for match in INVISIBLE.finditer(text):
        if not _is_joining(text, match.start()) and not is_garbled(match.start()):
            yield Fault("zero-width-character", *match.span(), f"{_name(match[0])}", "take it out")
    for match in _LOST.finditer(text):
        yield Fault("replacement-character", *match.span(), f"{len(match[0])} of U+FFFD")
    for match in _PRIVATE_RUN.finditer(text):
        yield Fault("private-use", *match.span(), f"{harmless(match[0][:8])}, which has no meaning of its own")
    for match in WIDE.finditer(text):
        ordinary = unicodedata.normalize("NFKC", match[0])
        yield Fault("full-width", *match.span(), f"'{match[0]}' is full-width", f"write '{ordinary}'")
    for match in _RADICAL_RUN.finditer(text):
        meant = unicodedata.normalize("NFKC", match[0])
        what = f"'{match[0]}' (U+{ord(match[0][0]):04X}) is a radical that looks like the ideograph '{meant}'"
        yield Fault("mixed-scripts", *match.span(), what, f"write U+{ord(meant[0]):04X}")


def _mixed_scripts(text: str) -> Iterator[Fault]:
    end = 0
    while found := _MIXED.search(text, end):
        run = next(each for each in _ALPHABETIC.finditer(text, end) if each.end() > found.start())
        end = run.end()
        letters: dict[str, set[str]] = {}
        for char in run[0]:
            letters.setdefault(_script(char), set()).add(char)
        disguised = [script for script, chars in letters.items() if chars <= _LOOK_ALIKE[script]]
        if set(letters) == {"Latin", "Greek"} and disguised == ["Latin"] and len(letters["Greek"]) < _GREEK_WORD:
            continue  # a symbol: a Greek letter beside a Latin one
        if not disguised:
            continue
        rarest = min(disguised, key=lambda script: sum(char in letters[script] for char in run[0]))
        odd = ", ".join(f"'{char}' (U+{ord(char):04X})" for char in sorted(letters[rarest]))
        others = " and ".join(script for script in letters if script != rarest)
        yield Fault("mixed-scripts", *run.span(), f"'{run[0]}' is {others} with the {rarest} {odd}")


def _not_normalised(text: str) -> Iterator[Fault]:
    end = 0
    for match in re.finditer(r"\S+", text):
        if unicodedata.is_normalized("NFC", match[0]):
            continue
        # Only the part that changes: a sentence without blanks would be quoted whole.
        meant = unicodedata.normalize("NFC", match[0])
        first = next((i for i, (a, b) in enumerate(zip(match[0], meant, strict=False)) if a != b), len(meant))
        behind = next(
            (i for i, (a, b) in enumerate(zip(match[0][::-1], meant[::-1], strict=False)) if a != b),
            min(len(meant), len(match[0])),
        )
        behind = min(behind, len(meant) - first, len(match[0]) - first)
        start, end = match.start() + first, match.end() - behind
        codes = " ".join(f"U+{ord(char):04X}" for char in text[start:end][:8])
        normal = " ".join(f"U+{ord(char):04X}" for char in meant[first : len(meant) - behind][:8])
        yield Fault("not-normalised", start, end, f"{codes} in '{harmless(match[0][:20])}'", f"write {normal}")


def _is_to_go(word: str, i: int) -> bool:
    if CONTROLS.match(word[i]):
        return True
    return INVISIBLE.match(word[i]) is not None and not _is_joining(word, i)


def _is_joining(text: str, i: int) -> bool:
    """Whether an invisible character has a meaning where it stands: in emoji, and in scripts that join letters."""
    if text[i] not in _JOINERS:
        return False
    neighbours = [char for char in (text[i - 1 : i], text[i + 1 : i + 2]) if char]
    return any(
        "\u0590" <= char <= "\u1cff" or char == "\ufe0f" or unicodedata.category(char) in ("So", "Sk", "Mn")
        for char in neighbours
    )


def _script(char: str) -> str:
    if "\u0370" <= char <= "\u03ff":
        return "Greek"
    return "Cyrillic" if "\u0400" <= char <= "\u052f" else "Latin"


def _name(char: str) -> str:
    name = unicodedata.name(char, "a control character").lower()
    return f"U+{ord(char):04X} {name}"
