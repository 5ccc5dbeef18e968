"""Text of a user's that is shown on a terminal or in a page: it must not steer what shows it."""

from __future__ import annotations

import re

# Control characters but tab and line feed; what turns the direction of text or ends a line unseen; halves of surrogate pairs.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """Text in which nothing can steer a terminal or reorder a line: such characters are named by their code.

    >>> harmless("a\\x1b[31mb")
    'a<U+001B>[31mb'
    """
    return _HARMFUL.sub(_named, text)


def escaped_in_json(line: str) -> str:
    """JSON that means the same, in which such characters are written as escapes.

    Args:
        line: JSON; inside its strings such characters stand as they are.
    """
    return _HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def _named(match: re.Match[str]) -> str:
    return f"<U+{ord(match[0]):04X}>"
