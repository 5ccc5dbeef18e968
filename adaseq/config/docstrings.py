"""Help texts from docstrings: what a class is for, and what its `Args:` say."""

from __future__ import annotations

import inspect
import re
from typing import Any

_ENTRY = re.compile(r"(\*{0,2}\w+)(?: \([^)]*\))?:\s*(.*)")


def summary(component: Any) -> str:
    """The first paragraph of a docstring on one line."""
    text = inspect.getdoc(component) or ""
    return " ".join(text.split("\n\n")[0].split())


def argument_help(component: type) -> dict[str, str]:
    """The help text of each argument of a class, from its own docstring, its constructor's and those of its bases."""
    found: dict[str, str] = {}
    for each in component.__mro__[:-1]:
        for owner in (each, each.__dict__.get("__init__")):
            doc = getattr(owner, "__doc__", None)
            if isinstance(doc, str):
                found = {**arguments_in(inspect.cleandoc(doc)), **found}
    return found


def arguments_in(doc: str) -> dict[str, str]:
    """The entries of the section `Args:`; an entry goes on as long as its lines are indented deeper."""
    _, _, section = doc.partition("\nArgs:\n")
    entries: dict[str, list[str]] = {}
    current: list[str] = []
    base = None
    for line in section.splitlines():
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent == 0:
            break
        if not line.strip():
            continue
        base = indent if base is None else base
        match = _ENTRY.match(line.strip()) if indent == base else None
        if match:
            current = entries.setdefault(match[1].lstrip("*"), [match[2]])
        else:
            current.append(line.strip())
    return {name: " ".join(" ".join(lines).split()) for name, lines in entries.items()}
