"""A split, read by its reader: one file after the other, or whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.data.formats.split_reader import SplitReader
from adaseq.errors import DataError
from adaseq.utils.checksums import digest_of


def contents(reader: Format, split: str, files: Sequence[Path]) -> list[str]:
    """What changes when the data of a split does.

    Args:
        reader: reads it.
        split: its name.
        files: where it lies.
    """
    if isinstance(reader, SplitReader):
        return [*_code_of(type(reader)), split, *(reader.fingerprint(split, place) for place in files or (None,))]
    return [*_code_of(type(reader)), *(digest_of(path) for path in files)]


def _code_of(reader: type) -> list[str]:
    """What stands for the source code of a user's own reader: whoever is writing one wants to see what it does now."""
    own = [each for each in reader.__mro__ if not each.__module__.startswith(("adaseq.", "builtins", "abc"))]
    files = {file for each in own if (file := getattr(sys.modules.get(each.__module__), "__file__", None))}
    return [digest_of(file) for file in sorted(files)]


def read_files(reader: Format, split: str, files: Sequence[Path]) -> Iterator[Iterator[Example]]:
    """The Examples of each file of a split, in order.

    Args:
        reader: reads them.
        split: its name.
        files: where it lies; empty for a reader that needs no file.

    Raises:
        DataError: a file is malformed, or there is no Example at all.
    """
    if isinstance(reader, SplitReader):
        for place in files or (None,):
            yield _read_whole(reader, split, place)
    else:
        for path in files:
            yield reader.read(path)


def _read_whole(reader: SplitReader, split: str, place: Path | None) -> Iterator[Example]:
    example = None
    for example in reader.read_split(split, place):
        yield example
    if example is None:
        raise DataError(f"{type(reader).__name__} found no sentence for the split '{split}'", place)
