"""Changes in the text of a YAML file leave everything else as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adaseq.config.reader import read_as_written
from adaseq.config.yaml_text import CannotEdit, add, remove, rename, replace, written_in_block

TEXT = """\
# head
a: 1  # one
b:
  # inside
  - x  # first
  - y: 2  # second
    z: 3
c: {d: [1, 2], "e": null}  # flow
f:
g: |
  text
  more

h: *unknown
"""
TEXT = TEXT.replace("h: *unknown", "h: &anchor {i: 1}\nj: *anchor\nk:\n  <<: *anchor")


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (lambda text: rename(text, ("a",), "b c"), "a: 1  # one", '"b c": 1  # one'),
        (lambda text: rename(text, ("c", "e"), "dev"), '"e": null', '"dev": null'),
        (lambda text: replace(text, ("a",), [1, "x y"]), "a: 1  # one", 'a: [1, "x y"]  # one'),
        (lambda text: replace(text, ("b", 0), "no way"), "- x  # first", '- "no way"  # first'),
        (lambda text: replace(text, ("b", 1, "z"), None), "z: 3", "z: null"),
        (lambda text: replace(text, ("c", "d"), {}), "[1, 2]", "{}"),
        (lambda text: replace(text, ("f",), {"l": True}), "f:\n", "f: {l: true}\n"),
        (lambda text: replace(text, ("j",), 1), "j: *anchor", "j: 1"),
        (lambda text: remove(text, ("a",)), "a: 1  # one\n", ""),
        (lambda text: remove(text, ("b", 0)), "  - x  # first\n", ""),
        (lambda text: remove(text, ("b", 1)), "  - y: 2  # second\n    z: 3\n", ""),
        (lambda text: remove(text, ("b", 1, "y")), "- y: 2  # second\n    z: 3", "- z: 3"),
        (lambda text: remove(text, ("b", 1, "z")), "    z: 3\n", ""),
        (lambda text: remove(text, ("c", "d")), "{d: [1, 2], ", "{"),
        (lambda text: remove(text, ("c", "e")), ', "e": null', ""),
        (lambda text: remove(text, ("c", "d", 1)), "[1, 2]", "[1]"),
        (lambda text: remove(text, ("g",)), "g: |\n  text\n  more\n", ""),
        (lambda text: remove(text, ("j",)), "j: *anchor\n", ""),
        (lambda text: add(text, ("c", "m"), 1), '"e": null}', '"e": null, m: 1}'),
        (lambda text: add(text, ("b", 1, "m"), "v"), "    z: 3\n", "    z: 3\n    m: v\n"),
        (lambda text: add(text, ("n",), {"o": [1]}), "  <<: *anchor\n", "  <<: *anchor\nn:\n  o:\n    - 1\n"),
    ],
)
def test_one_place_changes(edit: Callable[[str], str], old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    assert edit(TEXT) == TEXT.replace(old, new)


@pytest.mark.parametrize("path", [("k", "i"), ("missing",), ("a", "b")])
def test_what_stands_elsewhere_is_refused(path: tuple[Any, ...]) -> None:
    with pytest.raises(CannotEdit):
        replace(TEXT, path, 1)


def test_a_block_reads_as_what_was_written() -> None:
    value = {
        "a": {},
        "b": [],
        "c": [[1, [2]], {"d": ["${X|y}", "$$", "1e3", "no: 1", " ", "#", "- x"], "e": {"f": None}}],
    }
    assert read_as_written(written_in_block(value), None).data == value
