"""The user's dictionary: phrases whose types are known, which a model then prefers or must give."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.inference.phrase_matcher import PhraseMatcher
from adaseq.models.guidance import CERTAIN, Match

Mode = Literal["prefer", "force"]
Entries = Mapping[str, "str | None"] | Iterable[str]
Split = Callable[[str], tuple[list[str], list[tuple[int, int]]]]

# What the model gives a chance of one in 22,000 becomes as probable as not.
DEFAULT_BONUS = 10.0
_MOST_SHOWN = 20


class Dictionary:
    """Phrases and their types.

    In a text the longest phrase is taken, from left to right, where it begins and ends with words.

    Args:
        entries: the type of each phrase; or phrases alone, for a model of one type, such as one that finds words. A type may
            be None then, too.
        mode: `prefer` makes what the dictionary says more probable; `force` makes it certain.
        bonus: with `prefer`, what is added to the score of an entry: e to the power of it is the factor of its odds.

    Raises:
        AdaSeqError: an entry is empty or no string, there is no such mode, or the entries are a single string.
    """

    def __init__(self, entries: Entries, mode: Mode = "prefer", bonus: float = DEFAULT_BONUS) -> None:
        if isinstance(entries, str):
            raise AdaSeqError(f"a dictionary is made of phrases; for a file say Dictionary.read({entries[:60]!r})")
        if mode not in get_args(Mode):
            raise AdaSeqError(f"the mode of a dictionary is {' or '.join(get_args(Mode))}; received {mode!r}")
        if not (isinstance(bonus, (int, float)) and 0 < bonus <= CERTAIN):
            raise AdaSeqError(
                f"the bonus of a dictionary is a number above 0, up to {CERTAIN:g} (the mode force makes entries certain); "
                f"received {bonus!r}"
            )
        pairs = entries.items() if isinstance(entries, Mapping) else ((phrase, None) for phrase in entries)
        self.entries: dict[str, str | None] = {}
        for phrase, kind in pairs:
            if not isinstance(phrase, str) or not phrase.strip() or not (kind is None or isinstance(kind, str)):
                raise AdaSeqError(
                    f"an entry of a dictionary is a phrase with its type, or with None; received {phrase!r}: {kind!r}"
                )
            self.entries[phrase] = kind
        self.mode, self.bonus = mode, float(bonus)

    @classmethod
    def read(cls, path: str | os.PathLike[str], mode: Mode = "prefer", bonus: float = DEFAULT_BONUS) -> Dictionary:
        """A dictionary from a file: `phrase<TAB>type` or a phrase in each line; or a JSON object, if its name ends in `.json`.

        Args:
            path: the file, in UTF-8.
            mode: as of the class.
            bonus: as of the class.

        Raises:
            DataError: it cannot be read, or says two things of one phrase.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8-sig")
        except OSError as error:
            there = [each.name for each in file.parent.iterdir()] if file.parent.is_dir() else []
            why = nearest(file.name, there) if isinstance(error, FileNotFoundError) else f": {error.strerror}"
            raise DataError(f"the dictionary cannot be read{why}", path) from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise DataError("the dictionary is not UTF-8; convert it first", path, line) from None
        entries = _from_json(text, path) if file.suffix.lower() == ".json" else _from_lines(text, path)
        return cls(entries, mode, bonus)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"Dictionary({len(self)} entries, mode={self.mode!r})"


DictionaryLike = Dictionary | Entries | str | os.PathLike[str] | None


def as_dictionary(given: DictionaryLike, mode: Mode, bonus: float) -> Dictionary | None:
    """A dictionary from what a user gives.

    Args:
        given: a dictionary, its entries, or a file of them; None for none.
        mode: of a dictionary that does not say it itself.
        bonus: the same.
    """
    if given is None or isinstance(given, Dictionary):
        return given
    if isinstance(given, (str, os.PathLike)):
        return Dictionary.read(given, mode, bonus)
    return Dictionary(given, mode, bonus)


class BoundDictionary:
    """A dictionary made ready for a model; nothing in it changes any more.

    Args:
        dictionary: the dictionary.
        types: those of the model.
        split: cuts text into words.

    Raises:
        AdaSeqError: the model has no such type, or an entry holds no word.
    """

    def __init__(self, dictionary: Dictionary, types: Sequence[str], split: Split) -> None:
        self.dictionary = dictionary
        self._split = split
        known = frozenset(types)
        phrases: dict[tuple[str, ...], str] = {}
        for phrase, kind in dictionary.entries.items():
            tokens = tuple(split(phrase)[0])
            if not tokens:
                raise AdaSeqError(f"the entry {phrase!r} of the dictionary holds no word")
            told = _known_type(phrase, kind, types, known)
            if phrases.setdefault(tokens, told) != told:
                raise AdaSeqError(
                    f"the dictionary says that {phrase!r} is a {told!r}, and that the same words are a {phrases[tokens]!r}"
                )
        self._matcher = PhraseMatcher(phrases)

    @property
    def bonus(self) -> float | None:
        """What is added to the score of an entry; None if entries are certain."""
        return self.dictionary.bonus if self.dictionary.mode == "prefer" else None

    def matches(self, example: Example) -> list[Match]:
        """The entries in a text, in its words; none with a word that is context.

        Args:
            example: the text.
        """
        words: list[str | None] = list(example.tokens)
        if example.mask is not None:
            words = [word if is_labelled else None for word, is_labelled in zip(words, example.mask, strict=True)]
        if example.text is not None:
            return [Match(*each) for each in self._matcher.longest(words)]
        # Words that were given may be cut otherwise than text is.
        parts = [[None] if word is None else self._split(word)[0] or [None] for word in words]
        if all(len(each) == 1 for each in parts):
            return [Match(*each) for each in self._matcher.longest([part for each in parts for part in each])]
        number = [place for place, each in enumerate(parts) for _ in each] + [len(parts)]
        is_boundary = [True, *(left != right for left, right in itertools.pairwise(number))]
        found = self._matcher.longest([part for each in parts for part in each], is_boundary)
        return [Match(number[each.start], number[each.end], each.value) for each in found]


def _known_type(phrase: str, kind: str | None, types: Sequence[str], known: frozenset[str]) -> str:
    shown = ", ".join(map(repr, types[:_MOST_SHOWN])) + (", …" if len(types) > _MOST_SHOWN else "")
    if kind is None:
        if len(types) == 1:
            return types[0]
        raise AdaSeqError(f"the entry {phrase!r} of the dictionary needs a type; the model's are {shown}")
    if kind not in known:
        raise AdaSeqError(
            f"the dictionary says that {phrase!r} is a {kind!r}, which the model does not know"
            f"{nearest(kind, types) or ';'} its types are {shown}"
        )
    return kind


def _from_json(text: str, path: Any) -> dict[str, str | None]:
    try:
        # Objects become lists of pairs: in a dict the first of two types of a phrase would be lost.
        entries = json.loads(text, object_pairs_hook=list)
    except json.JSONDecodeError as error:
        raise DataError(f"the dictionary is no JSON: {error.msg}", path, error.lineno) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or a deep nesting
        raise DataError(f"the dictionary cannot be read as JSON: {error}", path) from None
    if not isinstance(entries, list):
        raise DataError('a dictionary is an object, {"phrase": "type", …}, or a list of phrases', path)
    return _once(((None, *each) if isinstance(each, tuple) else (None, each, None) for each in entries), path)


def _from_lines(text: str, path: Any) -> dict[str, str | None]:
    return _once(_lines(text, path), path)


def _once(lines: Iterable[tuple[int | None, str, str | None]], path: Any) -> dict[str, str | None]:
    """The types of phrases, each with the number of its line where that is known."""
    entries: dict[str, str | None] = {}
    for number, phrase, kind in lines:
        if not isinstance(phrase, str) or not (kind is None or isinstance(kind, str)):
            shown = repr(phrase if kind is None else {phrase: kind})[:100]
            raise DataError(f"a phrase of a dictionary is a string, and so is its type; received {shown}", path, number)
        if entries.setdefault(phrase, kind) != kind:
            raise DataError(f"'{phrase}' is '{kind}' here, and '{entries[phrase]}' before", path, number)
    return entries


def _lines(text: str, path: Any) -> Iterator[tuple[int, str, str | None]]:
    for number, line in enumerate(text.split("\n"), 1):
        phrase, _, kind = (each.strip() for each in line.partition("\t"))
        if "\t" in kind:
            raise DataError("a line of a dictionary is a phrase, a tab and a type; here is a second tab", path, number)
        if phrase:
            yield number, phrase, kind or None
