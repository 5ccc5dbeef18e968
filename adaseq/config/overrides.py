"""Values from the command line that replace or add to those of the file: `--set train.optimizer.lr=3e-5`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from adaseq.config.document import Document, Mark, Place, plain, walk
from adaseq.config.problems import ConfigError, Problem, shown
from adaseq.config.reader import read_value
from adaseq.config.substitution import Variables

_NUMBER = re.compile(r"[0-9]{1,9}\Z")


def apply_overrides(document: Document, overrides: Iterable[str], variables: Variables) -> None:
    """Apply `key=value` texts, in order.

    Args:
        document: is changed, and told about problems.
        overrides: `a.b.c=value`; `a.b.0.c` counts in a list; the value is YAML. Missing mappings are made.
        variables: what `${NAME}` in a value stands for.
    """
    for text in overrides:
        key, equals, value = text.partition("=")
        mark = Mark(f"--set {key.strip()}")
        if not equals or not all(key.strip().split(".")):
            message = f"received {text!r}; expected key=value, such as train.optimizer.lr=3e-5"
            document.problems.append(Problem("", "--set", None, None, message))
            continue
        path = tuple(key.strip().split("."))
        read = functools.partial(read_value, value, document, mark=mark, variables=variables)
        try:
            _put(document, path, mark, read)
        except ConfigError as error:
            document.problems.extend(error.problems)


def apply_extra(document: Document, extra: Mapping[str, Any]) -> None:
    """Apply values that the flags of a command stand for.

    Args:
        document: is changed, and told about problems.
        extra: dotted path → value: `{"experiment.seed": 7}`.
    """
    for key, value in extra.items():
        mark = Mark("command line")

        def record(at: Place, content: Any, mark: Mark = mark) -> Any:
            for path, _ in walk(content, at):
                document.values[path] = document.keys[path] = mark
            return content

        _put(document, tuple(key.split(".")), mark, functools.partial(record, content=plain(value)))


def _put(document: Document, path: tuple[str, ...], mark: Mark, make: Callable[[Place], Any]) -> None:
    """Set the value at a path; `make` makes it and records where it comes from."""
    target, at = document.data, ()  # type: Any, Place
    for position, part in enumerate(path):
        is_last = position + 1 == len(path)
        place = _place_in(target, part, at)
        if isinstance(place, str) and not isinstance(target, dict):
            document.problems.append(Problem(".".join(path), mark.file, None, None, place))
            return
        at = (*at, place)
        document.keys.setdefault(at, mark)
        if is_last:
            document.texts.pop(at, None)
            value = make(at)
            document.keys[at] = mark
            if isinstance(target, list) and place == len(target):
                target.append(value)
            else:
                target[place] = value
            return
        is_new = (place == len(target)) if isinstance(target, list) else target.get(place) is None
        if is_new:
            document.values[at] = mark
            fresh: Any = [] if path[position + 1] == "0" else {}
            target.append(fresh) if isinstance(target, list) else target.__setitem__(place, fresh)
        target = target[place]


def _place_in(target: Any, part: str, at: Place) -> str | int:
    """The key or index that one part of a path means in a mapping or list; for anything else a complaint."""
    if isinstance(target, dict):
        return int(part) if _NUMBER.match(part) and int(part) in target else part
    if not isinstance(target, list):
        return f"there is {shown(target, at)} where the path goes on to '{part}'; set the value as a whole"
    if _NUMBER.match(part) and int(part) <= len(target):
        return int(part)
    allowed = f"a number from 0 to {len(target)}" if target else "0"
    return f"received '{part}' for a place in a list; expected {allowed} ({len(target)} adds one to the list)"
