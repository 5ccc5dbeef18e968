"""What is wrong with a configuration: collected, placed, and reported all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adaseq.errors import AdaSeqError
from adaseq.utils.urls import is_url, redacted

# The values of these keys appear in no message and in no file.
SECRETS = frozenset(
    {"access_token", "hub_token", "auth_token", "use_auth_token", "api_token", "api_key", "token", "password"}
)
_LONGEST_VALUE = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or worth a warning.

    Args:
        path: where in the configuration: `train.optimizer.lr`; empty for the whole.
        file: the file, or `--set key` for a value from the command line; None for a configuration given as a dict.
        line: the line in the file, counted from 1.
        column: the column in the line, counted from 1.
        message: what was received, what is allowed, and the nearest valid choice.
    """

    path: str
    file: str | None
    line: int | None
    column: int | None
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ConfigError(AdaSeqError):
    """A configuration that cannot be used.

    Args:
        problems: everything that is wrong with it; the message lists them in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(
            dict.fromkeys(problems), key=lambda p: (p.line is None, p.file or "", p.line or 0, p.column or 0)
        )
        count = len(self.problems)
        head = f"{count} problem{'s' if count > 1 else ''} in the configuration:"
        super().__init__("\n".join([head, *map(str, self.problems)]))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[list[Problem]]]:
        return type(self), (self.problems,)


def dotted(path: Sequence[str | int]) -> str:
    """A path in the configuration as users write it: `train.hooks.0.type`."""
    return ".".join(str(part) for part in path)


def shown(value: Any, path: Sequence[str | int] = ()) -> str:
    """A received value, short, with its kind where the look of it does not tell.

    Args:
        value: the value.
        path: where it was received; secrets stay hidden.
    """
    if any(part in SECRETS for part in path):
        return "a value that is not shown here"
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"a mapping with {', '.join(map(str, value)) or 'no keys'}"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    text = repr(redacted(value) if is_url(value) else value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def listed(names: Iterable[Any]) -> str:
    """Names in a row."""
    return ", ".join(str(name) for name in names)
