"""Regular expressions that users write, matched without the risk of never coming to an end.

Python's engine goes back and tries again, which for some expressions takes time that doubles with each character. Those in
which a repetition stands inside another are refused; of the others the work for a text is bounded beforehand.
"""

from __future__ import annotations

import re
import sys
import time
import warnings
from typing import Any

from adaseq.errors import AdaSeqError

if sys.version_info >= (3, 11):
    from re import _parser as sre_parse  # type: ignore[attr-defined]
else:
    import sre_parse

_MOST_STEPS = 10_000_000
# A search hardly ever takes as many steps as it might. One that might take more is watched, and all of them together get so
# many seconds.
_SECONDS = 5.0
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
# Known from Python 3.11 on, which must not read `C++` otherwise than 3.10 does.
_NEW = ("POSSESSIVE_REPEAT", "ATOMIC_GROUP")
_MOST_LENGTH = 1000


class UnsafePattern(AdaSeqError):
    """An expression that may take for ever; the message says why."""


class SafePattern:
    """A regular expression whose work is bounded.

    Args:
        pattern: the expression.

    Raises:
        re.error: it is none.
        UnsafePattern: a repetition stands inside another, or it refers back to a group.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._seconds_left = _SECONDS
        if len(pattern) > _MOST_LENGTH:
            raise UnsafePattern(f"it is longer than {_MOST_LENGTH} characters")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # about sets such as [[a]
                self._loops, self._branches = _ways(sre_parse.parse(pattern), is_repeated=False)
                self._regex = re.compile(pattern)
        except (RecursionError, OverflowError):
            raise UnsafePattern("it is nested too deeply, or repeats too often") from None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The match of a whole text.

        Args:
            text: the text.

        Raises:
            UnsafePattern: the text is too long for an expression with so many repetitions.
        """
        if self._steps(len(text)) > _MOST_STEPS:
            raise UnsafePattern(
                f"'{self.pattern}' has {self._loops} repetitions, too many for a text of {len(text)} characters"
            )
        return self._regex.fullmatch(text)

    def is_found_in(self, text: str) -> bool:
        """Whether there is a match somewhere in a text.

        Args:
            text: the text.

        Raises:
            UnsafePattern: the searches with this expression have taken too long.
        """
        if self._steps(len(text)) <= _MOST_STEPS:
            return self._regex.search(text) is not None
        begin = time.monotonic()
        try:
            return self._watched().search(text, timeout=max(self._seconds_left, 0.001)) is not None
        except TimeoutError:
            raise UnsafePattern(
                f"it has {self._loops} repetitions, and looking for it takes too long (in '{text[:100]}', for one)"
            ) from None
        finally:
            self._seconds_left -= time.monotonic() - begin

    def _steps(self, length: int) -> int:
        """The most steps that matching a text may take."""
        return int(self._branches * (length + 1) ** self._loops)

    def _watched(self) -> Any:
        """The same expression for the package `regex`, which can give up."""
        import regex

        return regex.compile(self.pattern)

    def expand(self, match: re.Match[str], template: str) -> str:
        """A text in which `\\1` stands for the first group of a match.

        Args:
            match: the match.
            template: the text.

        Raises:
            AdaSeqError: there is no such group.
        """
        if "\\" not in template:
            return template
        try:
            return match.expand(template)
        except (re.error, IndexError) as error:
            raise AdaSeqError(f"'{template}': {error}; the expression is '{self.pattern}'") from None


def _ways(tree: Any, is_repeated: bool) -> tuple[int, int]:
    """How many repetitions of open length an expression has, and among how many ways its alternatives let choose.

    Args:
        tree: the parsed expression.
        is_repeated: it stands inside a repetition, and so must have none itself.
    """
    loops, branches = 0, 1
    for operation, argument in tree:
        name = str(operation)
        if name in _NEW:
            raise re.error("possessive repetitions and atomic groups are not known")
        if name in _REPEATS:
            least, most, inner = argument
            is_open = int(most) > 1
            if is_repeated and int(least) != int(most):
                raise UnsafePattern("a repetition stands inside another one, which may take for ever")
            more, ways = _ways(inner, is_repeated or is_open)
            if not is_open:
                ways += 1
            elif int(least) != int(most):
                more += 1
            loops, branches = loops + more, branches * ways
        elif name == "BRANCH":
            if is_repeated:
                raise UnsafePattern("alternatives stand inside a repetition, which may take for ever")
            each = [_ways(option, is_repeated) for option in argument[1]]
            loops += max(option[0] for option in each)
            branches *= sum(option[1] for option in each)
        elif name in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
            more, ways = _ways(argument[-1], is_repeated)
            loops, branches = loops + more, branches * ways
        elif name.startswith("GROUPREF"):
            raise UnsafePattern("it refers back to a group, which may take for ever")
    return loops, branches
