"""Entities in a long text, compared with the same entities in a short one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import adaseq
from adaseq.inference.predictor import Predictor

_MOST_PROBABLE = 0.9


def measure_long_text(model: Path, texts: Sequence[str], characters: int) -> list[dict[str, Any]]:
    """Rows with the number of entities that were planted and found, with the model's own overlap of windows and with none.

    Args:
        model: the model folder.
        texts: sentences; those with entities that the model is sure of are planted among the others.
        characters: the length of the long text, about.
    """
    predictor = adaseq.load(model)
    long_text, planted = _plant(predictor, texts, characters)
    rows = []
    for name, overlap in (("own overlap", None), ("no overlap", 0)):
        chosen = predictor if overlap is None else adaseq.load(model, window_overlap=overlap)
        found = {(each["type"], each["start"], each["end"]) for each in chosen(long_text)["output"]}
        row = {"what": f"long text, {name}", "characters": len(long_text), "planted": len(planted)}
        hits = len(planted & found)
        rows.append({**row, "found": hits, "share": hits / max(len(planted), 1)})
    return rows


def _plant(predictor: Predictor, texts: Sequence[str], characters: int) -> tuple[str, set[tuple[str, int, int]]]:
    """A long text, and the entities in it that are found in its sentence with one neighbour on each side."""
    draw = random.Random(42)
    parts: list[str] = []
    length = 0
    while length < characters:
        parts.append(draw.choice(texts).strip() or ".")
        length += len(parts[-1]) + 1
    short = [
        (" ".join(parts[max(place - 1, 0) : place]), parts[place], " ".join(parts[place + 1 : place + 2]))
        for place in range(len(parts))
    ]
    results = predictor([" ".join(filter(None, each)) for each in short])
    planted: set[tuple[str, int, int]] = set()
    start = 0
    for (before, sentence, _), result in zip(short, results, strict=True):
        first = len(before) + 1 if before else 0
        for each in result["output"]:
            is_inside = first <= each["start"] and each["end"] <= first + len(sentence)
            if is_inside and each["prob"] >= _MOST_PROBABLE:
                planted.add((each["type"], start + each["start"] - first, start + each["end"] - first))
        start += len(sentence) + 1
    return " ".join(parts), planted
