"""What was found in a text, as HTML: entities in colour, nested ones in each other.

Text and types are shown, never obeyed: all of it is escaped, and characters that steer or reorder are named by their code.
The colours are laid over whatever is behind, and work on light and on dark.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from adaseq.utils.terminal import harmless

Found = Mapping[str, Any]
Hues = Mapping[str, float]

# Deeper nesting is told in a list below the text: a reader cannot tell so many frames apart.
_MOST_LEVELS = 8
# Neighbours on the circle of colours, in degrees, that are far apart whatever the number of types.
_GOLDEN_ANGLE = 137.508


class _Piece(NamedTuple):
    """A part of the text that belongs to an entity; its last part carries the label."""

    start: int
    end: int
    type: str
    prob: float | None
    is_last: bool


def hues(types: Iterable[str]) -> dict[str, float]:
    """A colour for each type, in degrees."""
    return {label: round(number * _GOLDEN_ANGLE % 360, 1) for number, label in enumerate(types)}


def fragment(text: str, result: Mapping[str, Any], colours: Hues) -> str:
    """A result as a part of a page that needs no style sheet.

    Args:
        text: what was predicted.
        result: what was found: `output`, and perhaps `readings`.
        colours: of the types.
    """
    if "readings" not in result:
        return _found(text, result["output"], colours)
    items = "".join(
        f"<li><span style='opacity:.7'>{reading['prob']:.3f}</span>{_found(text, reading['output'], colours)}</li>"
        for reading in result["readings"]
    )
    return f"<ol style='padding-left:1.6em;margin:0'>{items}</ol>"


def shown(text: object) -> str:
    """A text as HTML."""
    return escape(harmless(str(text)), quote=True)


def label(name: str, prob: float | None, colours: Hues) -> str:
    """A type by itself, in its colour."""
    style = f"background:{_colour(name, colours, 0.3)};border-radius:.4em;padding:.15em .5em;font-size:.85em"
    return f"<span style='{style}'>{_named(name, prob)}</span>"


def _found(text: str, output: Sequence[Found], colours: Hues) -> str:
    pieces: list[_Piece] = []
    labels: list[str] = []
    for found in output:
        if "span" in found:
            pieces += _pieces(found, found["type"])
            continue
        labels.append(label(found["type"], found.get("prob"), colours))
        for role in ("subject", "object"):
            if role in found:
                pieces += _pieces(found[role], role)
    marked, rest = _marked(text, pieces, colours)
    style = "line-height:2.2;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate"
    chips = f"<div style='line-height:2'>{' '.join(labels)}</div>" if labels else ""
    more = "".join(
        f"<li>{shown(text[piece.start : piece.end])} {label(piece.type, piece.prob, colours)}</li>" for piece in rest
    )
    return f"{chips}<div dir='auto' style='{style}'>{marked}</div>" + (f"<ul>{more}</ul>" if more else "")


def _pieces(found: Found, name: str) -> Iterator[_Piece]:
    ranges = found.get("parts") or [[found["start"], found["end"]]]
    for number, (start, end) in enumerate(ranges):
        yield _Piece(start, end, name, found.get("prob"), number == len(ranges) - 1)


def _marked(text: str, pieces: Iterable[_Piece], colours: Hues) -> tuple[str, list[_Piece]]:
    """The text with marks, and the pieces for which there was no room."""
    placed, rest = _levels(pieces)
    depth = max((level for _, level in placed), default=0)
    starting: dict[int, list[tuple[_Piece, int]]] = {}
    places = {0, len(text)}
    for piece, level in placed:
        starting.setdefault(piece.start, []).append((piece, level))
        places |= {piece.start, piece.end}
    parts: list[str] = []
    is_open: list[tuple[_Piece, int]] = []
    last = 0
    for place in sorted(places):
        parts.append(shown(text[last:place]))
        last = place
        reopened: list[tuple[_Piece, int]] = []
        # What ends here is closed; what lies in it and goes on is closed and opened again.
        while any(piece.end == place for piece, _ in is_open):
            piece, level = is_open.pop()
            if piece.end != place:
                reopened.append((piece, level))
            elif piece.is_last:
                parts.append(f"<span style='font-size:.68em;opacity:.8'> {_named(piece.type, piece.prob)}</span>")
            parts.append("</mark>")
        for piece, level in [*reversed(reopened), *starting.get(place, [])]:
            parts.append(_opening(piece, depth - level, colours))
            is_open.append((piece, level))
    return "".join(parts), rest


def _levels(pieces: Iterable[_Piece]) -> tuple[list[tuple[_Piece, int]], list[_Piece]]:
    """The pieces from the outer to the inner ones, each with the number of those around it; and those that lie too deep."""
    placed: list[tuple[_Piece, int]] = []
    rest: list[_Piece] = []
    ends: list[int] = []
    for piece in sorted(pieces, key=lambda piece: (piece.start, -piece.end)):
        ends = [end for end in ends if end > piece.start]
        if len(ends) >= _MOST_LEVELS:
            rest.append(piece)
            continue
        placed.append((piece, len(ends)))
        ends.append(piece.end)
    return placed, rest


def _opening(piece: _Piece, around: int, colours: Hues) -> str:
    style = (
        f"background:{_colour(piece.type, colours, 0.22)};border-bottom:2px solid {_colour(piece.type, colours, 0.9)};"
        f"color:inherit;border-radius:.25em;padding:.1em .15em {0.1 + 0.25 * around:.2f}em"
    )
    return f"<mark style='{style}'>"


def _colour(name: str, colours: Hues, opacity: float) -> str:
    hue = colours.get(name, zlib.crc32(name.encode("utf-8", "replace")) % 360)
    return f"hsla({hue},70%,50%,{opacity})"


def _named(name: str, prob: float | None) -> str:
    number = "" if prob is None else f" {prob:.2f}"
    return f"<b>{shown(name)}</b>{number}" if name else number.strip()
