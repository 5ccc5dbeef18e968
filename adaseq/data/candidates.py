"""The candidates of mentions, from a file of their own: for each split a list of lists, one for each mention in the order of
the data. (MCCE, Jiang et al. 2022, arXiv:2212.09170, keeps them like that.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.example import Example
from adaseq.data.sources.local import ALIASES
from adaseq.errors import DataError

_PICKLES = (".pkl", ".pickle", ".bin", ".pt")


def read_candidates(path: Path) -> dict[str, list[list[str]]]:
    """The candidates of each split.

    Args:
        path: a JSON file `{"train": [["person", "poet"], …], "valid": …}`.

    Raises:
        DataError: it is a pickle, or something else than that.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from error
    if path.suffix.lower() in _PICKLES or content[:1] == b"\x80":
        raise DataError(
            "this is a pickle, and reading one runs whatever its maker put into it. Convert it into JSON, which runs nothing of "
            f"it: adaseq migrate --allow-pickle {path} -o {path.with_suffix('.json')}",
            path,
        )
    try:
        given = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise DataError(f"no JSON: {error.msg} at column {error.colno}", path, error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"this JSON cannot be read: {error}", path) from None
    if not isinstance(given, dict):
        raise DataError(
            'an object from split to lists of candidates is needed: {"train": [["person", "poet"], …]}', path
        )
    return {str(ALIASES.get(split, split)): _checked(path, split, lists) for split, lists in given.items()}


def _checked(path: Path, split: str, lists: Any) -> list[list[str]]:
    if not isinstance(lists, list):
        raise DataError(f"'{split}' must be a list with the candidates of each mention", path)
    for number, each in enumerate(lists):
        if not isinstance(each, list) or not all(isinstance(label, str) and label for label in each):
            raise DataError(f"'{split}', mention {number}: the candidates must be a list of labels", path)
    return lists


def with_candidates(
    examples: Iterator[Example], candidates: dict[str, list[list[str]]], split: str, path: Path
) -> Iterator[Example]:
    """The examples of a split with the candidates of their mentions.

    Args:
        examples: the examples, which are changed.
        candidates: those of each split.
        split: the split.
        path: where the candidates stand, for messages.

    Raises:
        DataError: there are not as many lists of candidates as mentions.
    """
    if split not in candidates:
        raise DataError(
            f"there are no candidates for the split '{split}'; it has {', '.join(candidates) or 'none'}", path
        )
    lists = candidates[split]
    number = 0
    for example in examples:
        for span in example.spans:
            if number < len(lists):
                span["candidates"] = list(dict.fromkeys(lists[number]))
            number += 1
        yield example
    if number != len(lists):
        raise DataError(
            f"'{split}' has candidates for {len(lists)} mentions, and the data has {number}; they belong together in order",
            path,
        )
