"""From a pickle to JSON or text, without running anything.

A pickle is a program: reading it with Python's `pickle.load` runs whatever it names. Here each of its instructions is
looked at before any is carried out, and one that could do more than build lists, mappings, sets, text and numbers is
refused; the reader that then builds them can import nothing but the types of sets and mappings.
"""

from __future__ import annotations

import collections
import io
import json
import math
import os
import pickle
import pickletools
from pathlib import Path
from typing import Any

from adaseq.errors import DataError
from adaseq.utils.files import atomic_write

DANGER = (
    "a pickle is a program: reading it the usual way runs whatever its maker put into it, with all your rights. Convert it only "
    "if you know who made it"
)

_BUILDING = frozenset(
    [
        "PROTO",
        "FRAME",
        "STOP",
        "MARK",
        "POP",
        "POP_MARK",
        "DUP",
        "NONE",
        "NEWTRUE",
        "NEWFALSE",
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "EMPTY_LIST",
        "LIST",
        "APPEND",
        "APPENDS",
        "EMPTY_TUPLE",
        "TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "EMPTY_DICT",
        "DICT",
        "SETITEM",
        "SETITEMS",
        "EMPTY_SET",
        "ADDITEMS",
        "FROZENSET",
        "PUT",
        "BINPUT",
        "LONG_BINPUT",
        "MEMOIZE",
        "GET",
        "BINGET",
        "LONG_BINGET",
    ]
)
# Older pickles make a set by calling its type; these calls can do no more than that.
_CALLING = frozenset({"GLOBAL", "STACK_GLOBAL", "REDUCE"})
_TYPES: dict[tuple[str, str], Any] = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("__builtin__", "set"): set,
    ("__builtin__", "frozenset"): frozenset,
    ("collections", "OrderedDict"): collections.OrderedDict,
}
_DEEPEST, _MOST_VALUES, _LONGEST_NUMBER = 50, 5_000_000, 1 << 63


def convert_pickle(path: str | os.PathLike[str], output: str | os.PathLike[str]) -> str:
    """Write what a pickle holds as JSON; or as text with one entry on each line, where it is a list of labels.

    Args:
        path: the pickle.
        output: a `.json` file, or a `.txt` file for a list of labels.

    Returns:
        What was written, in words.

    Raises:
        DataError: it is no pickle, or holds something that is neither a plain container nor text nor a number.
    """
    target = Path(output)
    if target.suffix.lower() not in (".json", ".txt"):
        raise DataError(f"-o names a .json file, or a .txt file for a list of labels; received '{output}'")
    value = read_plain_pickle(Path(path))
    if target.suffix.lower() == ".txt":
        labels = _as_labels(value, Path(path))
        with atomic_write(target) as file:
            file.writelines(f"{label}\n" for label in labels)
        return f"{len(labels)} labels, one on each line"
    with atomic_write(target) as file:
        json.dump(value, file, ensure_ascii=False, indent=None)
        file.write("\n")
    if isinstance(value, (dict, list)):
        return f"{'a mapping' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return "a value"


def read_plain_pickle(path: Path) -> Any:
    """What a pickle holds: dicts with text for keys, lists (for tuples and sets too), text, numbers, truth values, None.

    Raises:
        DataError: it is no pickle, or holds something else; nothing of it has been run.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from None
    _check_instructions(data, path)
    try:
        value = _PlainUnpickler(io.BytesIO(data), encoding="utf-8").load()
    except _Refused as error:
        raise _refusal(str(error), path) from None
    except Exception as error:  # noqa: BLE001 - a broken pickle may fail in any way
        raise DataError(f"is no whole pickle: {' '.join(str(error).split()) or type(error).__name__}", path) from None
    return _Plain(path).value(value, 0)


class _Refused(Exception):
    """The pickle names something that could be run."""


class _PlainUnpickler(pickle.Unpickler):
    """Finds the types of containers and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The type of a container."""
        if (module, name) not in _TYPES:
            raise _Refused(f"{module}.{name}")
        return _TYPES[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Nothing lies outside the file."""
        raise _Refused("something outside the file")


def _check_instructions(data: bytes, path: Path) -> None:
    """Refuse a pickle that could do more than build containers, before any of it is carried out."""
    try:
        for opcode, argument, position in pickletools.genops(data):
            if opcode.name in _CALLING or opcode.name in _BUILDING:
                if opcode.name == "GLOBAL" and tuple(str(argument).split(" ", 1)) not in _TYPES:
                    raise _refusal(str(argument).replace(" ", "."), path, position)
                # Its numbers would be places in a table as long as the largest of them.
                if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > len(data):
                    raise DataError("is no sound pickle: it numbers more values than it has bytes", path)
                continue
            raise _refusal(f"the instruction {opcode.name}", path, position)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no pickle
        raise DataError(f"is no whole pickle: {' '.join(str(error).split())[:200]}", path) from None


def _refusal(what: str, path: Path, position: int | None = None) -> DataError:
    place = "" if position is None else f" at byte {position}"
    return DataError(
        f"is refused, and nothing of it was run: it holds {what}{place}, where only lists, mappings, sets, text and numbers are "
        "admitted. If you trust its maker, let them write it as JSON",
        path,
    )


class _Plain:
    """Turns what a pickle holds into what JSON can hold; references to the same list can neither cycle nor multiply."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0

    def value(self, value: Any, depth: int) -> Any:
        """The value."""
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST_VALUES:
            raise DataError(
                f"is nested more than {_DEEPEST} deep, or stands for more than {_MOST_VALUES:,} values", self._path
            )
        if isinstance(value, dict):
            unfit = next((key for key in value if not isinstance(key, str)), None)
            if unfit is not None:
                raise DataError(f"has {unfit!r:.40} for the key of a mapping; JSON knows only text there", self._path)
            return {self.value(key, depth): self.value(each, depth + 1) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(each, depth + 1) for each in value]
        if isinstance(value, (set, frozenset)):
            return sorted((self.value(each, depth + 1) for each in value), key=repr)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LONGEST_NUMBER:
            raise DataError("has a whole number of more than 64 bits", self._path)
        if isinstance(value, float) and not math.isfinite(value):
            raise DataError(f"has the number {value}, which JSON does not know", self._path)
        if (
            isinstance(value, str)
            and not value.isascii()
            and any("\ud800" <= character <= "\udfff" for character in value)
        ):
            raise DataError(f"has half a character in the text {value!r:.40}", self._path)
        if value is None or isinstance(value, (str, int, float)):
            return value
        raise _refusal(f"a {type(value).__name__}", self._path)


def _as_labels(value: Any, path: Path) -> list[str]:
    if isinstance(value, dict) and all(type(each) is int for each in value.values()):
        value = sorted(value, key=lambda label: value[label])
    if not isinstance(value, list) or not all(
        isinstance(each, str) and each.strip() and "\n" not in each for each in value
    ):
        raise DataError("is no list of labels, nor a mapping of labels to numbers; give -o a .json file", path)
    return value
