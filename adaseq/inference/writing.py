"""Predictions as JSON lines, as columns, or as a table for people."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

from adaseq.data.example import Example
from adaseq.inference.predictor import Predictor
from adaseq.models.base import Prediction

Writer = Callable[[Predictor, Example, Prediction], str]

# Inside a word these would end its column or its line.
_BLANKED = str.maketrans("\t\n\r", "   ")


def json_line(predictor: Predictor, example: Example, prediction: Prediction) -> str:
    """One object: what the input record held, and `output`, with probabilities to six places."""
    result = predictor.result(example, prediction)
    for found in result["output"]:
        found["prob"] = round(found["prob"], 6)
    source = {"tokens": example.tokens} if example.text is None else {"text": example.text}
    record = {**example.fields, **source, **result}
    line = json.dumps(record, ensure_ascii=False)
    if not line.isascii() and any("\ud800" <= character <= "\udfff" for character in line):
        line = json.dumps(record)
    return line + "\n"


def conll(predictor: Predictor, example: Example, prediction: Prediction) -> str:
    """`word<TAB>tag` for each word, and a blank line."""
    rows = zip(example.tokens, prediction["tags"], strict=True)
    return "".join(f"{word.translate(_BLANKED)}\t{tag}\n" for word, tag in rows) + "\n"


def table(predictor: Predictor, example: Example, prediction: Prediction) -> str:
    """A line for each span: its text, type, place and probability."""
    found = predictor.result(example, prediction)["output"]
    rows = [
        (each["span"].translate(_BLANKED), each["type"], f"{each['start']}-{each['end']}", f"{each['prob']:.3f}")
        for each in found
    ]
    if not rows:
        return "(nothing found)\n"
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(line + "\n" for line in lines)


WRITERS: dict[str, Writer] = {"jsonl": json_line, "conll": conll, "table": table}


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
