"""Errors that a user can cause, and can mend.

The command line prints their message without a traceback and exits with status 2; anything else that is raised is a
fault of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AdaSeqError(Exception):
    """Something in the user's configuration, data, files or arguments; the message says what, where and what to do."""


class DataError(AdaSeqError):
    """A data file that cannot be read as what it was said to be.

    Args:
        message: what is wrong and what would be right.
        path: the file.
        line: the line in it, counted from 1.
    """

    def __init__(self, message: str, path: object = None, line: int | None = None) -> None:
        self.path, self.line, self.reason = path, line, message
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(place + message)

    def __reduce__(self) -> tuple:
        return type(self), (self.reason, self.path, self.line)


class MisfitError(AdaSeqError):
    """Values of a configuration that are right one by one, but not together.

    Args:
        message: what is wrong and what would be right.
        place: the keys that lead to the value, from the block that was tried.
    """

    def __init__(self, message: str, *place: str | int) -> None:
        self.place = place
        super().__init__(message)


class ModelError(AdaSeqError):
    """A model folder or backbone that cannot be loaded."""


class MissingError(ModelError):
    """Something local that a configuration names, and that is not here."""


class HubError(AdaSeqError):
    """A model or data set that could be found neither here nor on a hub."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """The sentence that proposes the choice most like `name`, or an empty string.

    >>> nearest("optimiser", ["optimizer", "hooks"])
    "; did you mean 'optimizer'?"
    """
    choices = [str(choice) for choice in choices]
    lowered = {choice.lower(): choice for choice in reversed(choices)}
    found = difflib.get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.6)
    return f"; did you mean '{lowered[found[0]]}'?" if found else ""
