"""Predictions as JSON lines, as columns, or as a table for people."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference.predictor import Predictor
from adaseq.inference.records import given_fields
from adaseq.models.base import Prediction

Writer = Callable[[Predictor, Example, Prediction], str]

# Inside a word these would end its column or its line.
_BLANKED = str.maketrans("\t\n\r", "   ")


def json_line(predictor: Predictor, example: Example, prediction: Prediction) -> str:
    """One object: what the input record held, and `output`, with probabilities to six places."""
    result = predictor.result(example, prediction)
    for found in result["output"]:
        if "prob" in found:
            found["prob"] = round(found["prob"], 6)
    source = {"tokens": example.tokens} if example.text is None else {"text": example.text}
    record = {**given_fields(example), **source, **result}
    line = json.dumps(record, ensure_ascii=False)
    if not line.isascii() and any("\ud800" <= character <= "\udfff" for character in line):
        line = json.dumps(record)
    return line + "\n"


def conll(predictor: Predictor, example: Example, prediction: Prediction) -> str:
    """`word<TAB>tag` for each word, and a blank line.

    Raises:
        AdaSeqError: the model does not tag words.
    """
    if "tags" not in prediction:
        raise AdaSeqError(
            f"the output format conll has a tag for each word, which this model for {predictor.task} does not give; choose "
            "jsonl or table"
        )
    rows = zip(example.tokens, prediction["tags"], strict=True)
    return "".join(f"{word.translate(_BLANKED)}\t{tag}\n" for word, tag in rows) + "\n"


def columns_if_possible(predictor: Predictor, example: Example, prediction: Prediction) -> str:
    """Columns where the model tags words, else JSON lines."""
    return (conll if "tags" in prediction else json_line)(predictor, example, prediction)


def table(predictor: Predictor, example: Example, prediction: Prediction) -> str:
    """A line for each span, label or relation: its text, type, place and probability, as far as it has them."""
    found = predictor.result(example, prediction)["output"]
    rows = [[cell.translate(_BLANKED) for cell in _cells(each)] for each in found]
    if not rows:
        return "(nothing found)\n"
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(line + "\n" for line in lines)


def _cells(found: dict[str, Any]) -> list[str]:
    prob = [f"{found['prob']:.3f}"] if "prob" in found else []
    if "span" in found:
        return [found["span"], found["type"], f"{found['start']}-{found['end']}", *prob]
    entities = [found[name]["span"] for name in ("subject", "object") if name in found]
    return [found["type"], *([" → ".join(entities)] if entities else []), *prob]


WRITERS: dict[str, Writer] = {"jsonl": json_line, "conll": conll, "table": table}
"""By the names that the command line knows."""


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
