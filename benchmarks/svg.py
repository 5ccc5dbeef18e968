"""Plots as SVG: bars beside a line at 1, and curves over a logarithmic grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

_INK, _GREY, _BAR, _BAD = "#1c1e21", "#656a70", "#4a74c9", "#b3261e"
_COLOURS = ("#4a74c9", "#b3261e", "#2e7d32", "#8e5bb5", "#c77700", "#00838f")
_BAR_HEIGHT, _GAP, _TOP = 18, 8, 40
_LABELS, _WIDTH, _VALUES = 270, 380, 70
_PLOT_WIDTH, _PLOT_HEIGHT, _MARGIN, _LEGEND = 380, 260, 60, 200
_MOST_TICKS = 7


def bars(title: str, values: Mapping[str, float], reference: float | None = 1.0) -> str:
    """Horizontal bars, one for each name.

    Args:
        title: what they show.
        values: positive numbers by name.
        reference: where a dashed line stands; None for none.
    """
    most = max([*values.values(), reference or 0.0])
    is_logarithmic = most > 20 * min(values.values())
    least = min([*values.values(), reference or most]) / 1.5 if is_logarithmic else 0.0

    def place(value: float) -> float:
        if is_logarithmic:
            return _LABELS + _WIDTH * math.log(value / least) / math.log(most / least)
        return _LABELS + _WIDTH * value / most

    parts = []
    for number, (name, value) in enumerate(values.items()):
        top = _TOP + number * (_BAR_HEIGHT + _GAP)
        middle = top + _BAR_HEIGHT * 0.72
        parts += [
            _text(_LABELS - 8, middle, name, "end"),
            f'<rect x="{_LABELS}" y="{top}" width="{place(value) - _LABELS:.1f}" height="{_BAR_HEIGHT}" fill="{_BAR}"/>',
            _text(place(value) + 6, middle, _number(value), "start"),
        ]
    bottom = _TOP + len(values) * (_BAR_HEIGHT + _GAP)
    if reference is not None:
        x = place(reference)
        parts.append(
            f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="{_BAD}" stroke-dasharray="4 4"/>'
        )
        parts.append(_text(x, bottom + 14, _number(reference), "middle", _BAD))
    heading = f"{title} (logarithmic)" if is_logarithmic else title
    return _page(_LABELS + _WIDTH + _VALUES, bottom + 24, heading, parts)


def curves(title: str, series: Mapping[str, Sequence[tuple[float, float]]], x_name: str, y_name: str) -> str:
    """Curves on logarithmic axes.

    Args:
        title: what they show.
        series: for each name its points.
        x_name: what goes to the right.
        y_name: what goes upwards.
    """
    points = [point for each in series.values() for point in each]
    to_x = _scale([x for x, _ in points], _MARGIN, _MARGIN + _PLOT_WIDTH)
    to_y = _scale([y for _, y in points], _TOP + _PLOT_HEIGHT, _TOP)
    right, bottom = _MARGIN + _PLOT_WIDTH, _TOP + _PLOT_HEIGHT
    parts = [
        f'<rect x="{_MARGIN}" y="{_TOP}" width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT}" fill="none" stroke="{_GREY}"/>'
    ]
    for x in _ticks(x for x, _ in points):
        parts.append(_text(to_x(x), bottom + 16, _number(x), "middle"))
    for y in _ticks(y for _, y in points):
        parts.append(_text(_MARGIN - 6, to_y(y) + 4, _number(y), "end"))
        parts.append(
            f'<line x1="{_MARGIN}" y1="{to_y(y):.1f}" x2="{right}" y2="{to_y(y):.1f}" stroke="{_GREY}" '
            'stroke-opacity="0.25"/>'
        )
    for number, (name, line) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{to_x(x):.1f},{to_y(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{to_x(x):.1f}" cy="{to_y(y):.1f}" r="3" fill="{colour}"/>' for x, y in line]
        height = _TOP + 12 + number * 20
        parts.append(f'<rect x="{right + 14}" y="{height - 9}" width="12" height="10" fill="{colour}"/>')
        parts.append(_text(right + 32, height, name, "start"))
    middle = _TOP + _PLOT_HEIGHT / 2
    parts.append(_text(_MARGIN + _PLOT_WIDTH / 2, bottom + 36, x_name, "middle"))
    parts.append(
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{escape(y_name)}</text>'
    )
    return _page(right + _LEGEND, bottom + 48, title, parts)


def _scale(values: Sequence[float], first: float, last: float) -> Callable[[float], float]:
    """From a number to its place on a logarithmic axis with some room at both ends."""
    low, high = math.log(min(values)), math.log(max(values))
    room = 0.05 * (high - low) or 0.5
    return lambda value: first + (last - first) * (math.log(value) - low + room) / (high - low + 2 * room)


def _ticks(values: Iterable[float]) -> list[float]:
    """The numbers themselves if they are few; otherwise 1, 2 and 5 and their tenfolds between them."""
    distinct = sorted(set(values))
    if len(distinct) <= _MOST_TICKS:
        return distinct
    exponents = range(math.floor(math.log10(distinct[0])), math.ceil(math.log10(distinct[-1])) + 1)
    round_numbers = [digit * 10.0**exponent for exponent in exponents for digit in (1, 2, 5)]
    inside = [each for each in round_numbers if distinct[0] <= each <= distinct[-1]]
    return inside if len(inside) <= _MOST_TICKS else inside[::3]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _text(x: float, y: float, words: str, anchor: str, colour: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def _page(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="{width / 2:.0f}" y="22" text-anchor="middle" font-size="14">{escape(title)}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
