"""Whether entities that are given a probability are right that often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adaseq.data.example import Example
from adaseq.inference.predictor import Predictor

_BINS = 10
_SIZE, _MARGIN = 320, 50


def measure_calibration(
    predictor: Predictor, examples: Sequence[Example]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The expected calibration error, and for each bin of probabilities how many entities there are and how many are right.

    The error is the mean, over all predicted entities, of the difference between the mean probability and the share of right
    ones in the bin (Guo et al. 2017, 'On calibration of modern neural networks', equation 3).

    Args:
        predictor: predicts the words of the examples.
        examples: annotated.
    """
    judged: list[tuple[float, bool]] = []
    inputs = ({"tokens": example.tokens, "mask": example.mask} for example in examples)
    for example, (_, prediction) in zip(examples, predictor.predict(inputs), strict=True):
        annotated = {(span["start"], span["end"], span["type"]) for span in example.spans}
        judged += [
            (span["prob"], (span["start"], span["end"], span["type"]) in annotated) for span in prediction["spans"]
        ]
    bins = []
    error = 0.0
    for number in range(_BINS):
        chosen = [each for each in judged if min(int(each[0] * _BINS), _BINS - 1) == number]
        count = max(len(chosen), 1)
        probability, right = sum(prob for prob, _ in chosen) / count, sum(is_right for _, is_right in chosen) / count
        error += len(chosen) / max(len(judged), 1) * abs(probability - right)
        limits = f"{number / _BINS:.1f} to {(number + 1) / _BINS:.1f}"
        bins.append({"what": limits, "entities": len(chosen), "mean probability": probability, "share right": right})
    return {"what": "calibration", "entities": len(judged), "expected calibration error": error}, bins


def plot(bins: Sequence[dict[str, Any]], error: float) -> str:
    """The reliability diagram as SVG: bars for the share of right entities, dots for their mean probability.

    Args:
        bins: from `measure_calibration`.
        error: the expected calibration error.
    """
    width = _SIZE / len(bins)
    most = max((row["entities"] for row in bins), default=1) or 1
    parts = []
    for number, row in enumerate(bins):
        if not row["entities"]:
            continue
        left, height = _MARGIN + number * width, row["share right"] * _SIZE
        opacity = 0.25 + 0.75 * row["entities"] / most
        parts.append(
            f'<rect x="{left + 1:.1f}" y="{_MARGIN + _SIZE - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}" '
            f'fill="#4a74c9" fill-opacity="{opacity:.2f}"><title>{row["what"]}: {row["entities"]} entities</title></rect>'
        )
        x, y = _MARGIN + row["mean probability"] * _SIZE, _MARGIN + _SIZE - height
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#b3261e"/>')
        parts.append(
            f'<text x="{left + width / 2:.1f}" y="{_MARGIN + _SIZE - 4}" font-size="9" text-anchor="middle" '
            f'fill="#1c1e21">{row["entities"]}</text>'
        )
    ticks = "".join(
        f'<text x="{_MARGIN + share * _SIZE}" y="{_MARGIN + _SIZE + 16}" text-anchor="middle">{share}</text>'
        f'<text x="{_MARGIN - 8}" y="{_MARGIN + _SIZE - share * _SIZE + 4}" text-anchor="end">{share}</text>'
        for share in (0.0, 0.5, 1.0)
    )
    whole = _SIZE + 2 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" width="{whole}" height="{whole}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="{whole / 2}" y="28" text-anchor="middle">expected calibration error {error:.3f}</text>\n'
        f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{_SIZE}" height="{_SIZE}" fill="none" stroke="#656a70"/>\n'
        f'<line x1="{_MARGIN}" y1="{_MARGIN + _SIZE}" x2="{_MARGIN + _SIZE}" y2="{_MARGIN}" stroke="#656a70" '
        f'stroke-dasharray="4 4"/>\n{ticks}\n'
        f'<text x="{whole / 2}" y="{whole - 12}" text-anchor="middle">probability given</text>\n'
        f'<text x="14" y="{whole / 2}" text-anchor="middle" transform="rotate(-90 14 {whole / 2})">share right</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
