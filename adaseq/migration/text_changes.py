"""From the text of one configuration to that of another, changing no more than it takes."""

from __future__ import annotations

import json
from typing import Any

from adaseq.config.document import Place
from adaseq.config.problems import ConfigError
from adaseq.config.reader import read_as_written
from adaseq.config.yaml_text import CannotEdit, add, reads_as_json, remove, rename, replace, written_in_block


def with_content(text: str, old: Any, new: Any) -> tuple[str, bool]:
    """A text that reads as another configuration.

    Args:
        text: a configuration as YAML or JSON.
        old: what it reads as.
        new: what it shall read as.

    Returns:
        The text; and whether it kept the layout and the comments of the old one. Where that cannot be done, all of it is
        written anew, JSON as JSON, and YAML under the comments that it began with.
    """
    plain = text.replace("\r\n", "\n")
    try:
        changed = _changed(plain, (), old, new)
        if read_as_written(changed, None).data == new:
            return (changed.replace("\n", "\r\n") if "\r\n" in text else changed), True
    except (CannotEdit, ConfigError, ValueError):
        pass
    if reads_as_json(text):
        return json.dumps(new, ensure_ascii=False, indent=2) + "\n", False
    lines = plain.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    return "".join(f"{line}\n" for line in lines[:first]) + written_in_block(new), False


def _changed(text: str, path: Place, old: Any, new: Any) -> str:
    if isinstance(old, dict) and isinstance(new, dict) and (new or not path):
        return _changed_mapping(text, path, old, new)
    if isinstance(old, list) and isinstance(new, list) and new:
        return _changed_list(text, path, old, new)
    return text if _is_equal(old, new) else replace(text, path, new)


def _changed_mapping(text: str, path: Place, old: dict[Any, Any], new: dict[Any, Any]) -> str:
    for key in [key for key in old if key in new]:
        text = _changed(text, (*path, key), old[key], new[key])
    come = [key for key in new if key not in old]
    for key in [key for key in old if key not in new]:
        successor = next((each for each in come if _is_renamed(old, key, new, each)), None)
        if successor is None:
            text = remove(text, (*path, key))
        else:
            come.remove(successor)
            text = rename(text, (*path, key), str(successor))
            text = _changed(text, (*path, successor), old[key], new[successor])
    for key in come:
        text = add(text, (*path, key), new[key])
    return text


def _is_renamed(old: dict[Any, Any], key: Any, new: dict[Any, Any], successor: Any) -> bool:
    """Whether a key stands where another one stood, with the same value or one of its kind."""
    is_container = isinstance(old[key], (dict, list)) and type(old[key]) is type(new[successor])
    return _before(old, key, new) == _before(new, successor, old) and (
        is_container or _is_equal(old[key], new[successor])
    )


def _before(mapping: dict[Any, Any], key: Any, other: dict[Any, Any]) -> list[Any]:
    """The keys of both mappings that stand before a key."""
    keys = list(mapping)
    return [each for each in keys[: keys.index(key)] if each in other]


def _changed_list(text: str, path: Place, old: list[Any], new: list[Any]) -> str:
    kept: list[int] = []
    for each in new:
        begin = kept[-1] + 1 if kept else 0
        found = next((number for number in range(begin, len(old)) if _name(old[number]) == _name(each)), None)
        if found is None:
            return replace(text, path, new)
        kept.append(found)
    for number, each in zip(kept, new, strict=True):
        text = _changed(text, (*path, number), old[number], each)
    for number in reversed(range(len(old))):
        if number not in kept:
            text = remove(text, (*path, number))
    return text


def _name(value: Any) -> Any:
    """By what an item of a list is known again."""
    return value.get("type", value.get("regex")) if isinstance(value, dict) else value


def _is_equal(old: Any, new: Any) -> bool:
    return type(old) is type(new) and bool(old == new)
