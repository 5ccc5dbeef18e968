"""Text of the data in reports: short, and harmless on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 60


def harmless(text: str) -> str:
    """Text in which nothing can steer a terminal, reorder a line or stay unseen: such characters are named by their code.

    >>> harmless("a\\x1b[31mb\\u200b")
    'a<U+001B>[31mb<U+200B>'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text)


def shown(text: str, most: int = _MOST) -> str:
    """A text in a message: harmless, and cut if it is long.

    Args:
        text: the text.
        most: its most characters.
    """
    return harmless(text if len(text) <= most else text[: most - 1] + "…")


def in_context(tokens: Sequence[str], first: int, behind: int | None = None, around: int = 4) -> str:
    """Some words with those around them, in brackets.

    Args:
        tokens: the words of a sentence.
        first: the first word.
        behind: the one behind the last; by default the next.
        around: how many words on each side.
    """
    behind = first + 1 if behind is None else behind
    between = joiner(tokens)
    around = around if between else 3 * around
    left, right = tokens[max(first - around, 0) : first], tokens[behind : behind + around]
    middle = between.join(tokens[first:behind])
    parts = [between.join(left), f"[{shown(middle)}]", between.join(right)]
    before = "…" if first > around else ""
    after = "…" if behind + around < len(tokens) else ""
    return before + between.join(harmless(part) if i != 1 else part for i, part in enumerate(parts) if part) + after


def joiner(tokens: Sequence[str]) -> str:
    """What stands between words when they are shown: nothing where the words are single characters."""
    return "" if all(len(token) == 1 for token in tokens) else " "
