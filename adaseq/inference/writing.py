"""Predictions as JSON lines, as columns, as a table for people or for programs, or as a page."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference.page import Page
from adaseq.inference.records import given_fields
from adaseq.inference.results import TextView
from adaseq.inference.tables import input_name
from adaseq.inference.text_predictor import Prediction, TextPredictor
from adaseq.metainfo import Tasks
from adaseq.utils.terminal import escaped_in_json, harmless

# Inside a word these would end its column or its line.
_BLANKED = str.maketrans("\t\n\r", "   ")
_WITHOUT_WIDTH = ("Mn", "Me", "Cf")
# What says where something is, for tasks that do not find spans.
_PLACES = {Tasks.RELATION_EXTRACTION: ("subject", "object"), Tasks.TEXT_CLASSIFICATION: ()}


class Writer(ABC):
    """Writes predictions one after the other; derived classes say how.

    Args:
        predictor: made the predictions.
        title: what was predicted.
    """

    def __init__(self, predictor: TextPredictor, title: str = "") -> None:
        self.predictor, self.title = predictor, title

    def head(self) -> str:
        """What stands before all predictions."""
        return ""

    @abstractmethod
    def record(self, example: Example, prediction: Prediction) -> str:
        """The prediction for one text."""

    def foot(self) -> str:
        """What stands behind them."""
        return ""


class JsonLines(Writer):
    """One object for each text: what the input record held, and `output`, with probabilities to six places."""

    def record(self, example: Example, prediction: Prediction) -> str:
        """A line. Characters that could steer a terminal are escapes in it."""
        result = self.predictor.result(example, prediction)
        for found in _all_found(result):
            if "prob" in found:
                found["prob"] = round(found["prob"], 6)
        source = {"tokens": example.tokens} if example.text is None else {"text": example.text}
        record = {**given_fields(example, self.predictor.task), **source, **result}
        return escaped_in_json(json.dumps(record, ensure_ascii=False)) + "\n"


class Conll(Writer):
    """`word<TAB>tag` for each word, and a blank line."""

    def record(self, example: Example, prediction: Prediction) -> str:
        """The lines of a sentence.

        Raises:
            AdaSeqError: the model does not tag words.
        """
        if "tags" not in prediction:
            raise AdaSeqError(
                f"the output format conll has a tag for each word, which this model for {self.predictor.task} does not give; "
                "choose jsonl, csv, html or table"
            )
        rows = zip(example.tokens, prediction["tags"], strict=True)
        return "".join(f"{word.translate(_BLANKED)}\t{tag}\n" for word, tag in rows) + "\n"


class ColumnsIfPossible(Conll):
    """Columns where the model tags words, else JSON lines."""

    def record(self, example: Example, prediction: Prediction) -> str:
        """As the one or the other."""
        if "tags" in prediction:
            return super().record(example, prediction)
        return JsonLines(self.predictor).record(example, prediction)


class Csv(Writer):
    """A line for each thing found, and one for each text in which there is nothing.

    The columns are `number` (of the text, from 1), `reading` (where readings are ranked), `text`, `type`, then for spans `span`,
    `start` and `end`, for relations `subject` and `object`, and `prob`; and the strings that the first input record held, under
    their names, or under `input_type` and so on where the name is one of these.
    """

    delimiter = ","

    def __init__(self, predictor: TextPredictor, title: str = "") -> None:
        super().__init__(predictor, title)
        places = _PLACES.get(predictor.task, ("span", "start", "end"))
        self._own = ["number", *(["reading"] if predictor.n_best > 1 else []), "text", "type", *places, "prob"]
        self._columns: list[str] = []
        self._number = 0

    def record(self, example: Example, prediction: Prediction) -> str:
        """The lines of a text; the names of the columns stand before the first one."""
        more = {
            input_name(name) if name in self._own else name: _encodable(value or "")
            for name, value in example.fields.items()
            if value is None or isinstance(value, str)
        }
        rows: list[list[Any]] = []
        if not self._number:
            self._columns = [*self._own, *(name for name in more if name not in self._own)]
            rows.append(self._columns)
        self._number += 1
        text = TextView(example, self.predictor.joiner).text
        for cells in _cells_of(self.predictor.result(example, prediction)):
            row = {**more, "number": self._number, "text": text, **cells}
            rows.append([row.get(column, "") for column in self._columns])
        return self._lines(rows)

    def foot(self) -> str:
        """The names of the columns, if there was no text."""
        return "" if self._number else self._lines([self._own])

    def _lines(self, rows: list[list[Any]]) -> str:
        return "".join(map(self._line, rows))

    def _line(self, row: list[Any]) -> str:
        buffer = io.StringIO()
        # Python before 3.13 quotes of the characters that end lines only those that end its own.
        csv.writer(buffer, delimiter=self.delimiter, lineterminator="\r\n").writerow(row)
        return buffer.getvalue().removesuffix("\r\n") + "\n"


class Tsv(Csv):
    """The same with tabs."""

    delimiter = "\t"


class Html(Writer):
    """A page that shows the texts with coloured entities."""

    def __init__(self, predictor: TextPredictor, title: str = "") -> None:
        super().__init__(predictor, title)
        self._page = Page(predictor.colours, title)

    def head(self) -> str:
        """The beginning of the page."""
        return self._page.head()

    def record(self, example: Example, prediction: Prediction) -> str:
        """A text."""
        text = TextView(example, self.predictor.joiner).text
        return self._page.text(text, self.predictor.result(example, prediction))

    def foot(self) -> str:
        """The end of the page."""
        return self._page.foot()


class Table(Writer):
    """For people: a line for each span, label or relation: its text, type, place and probability, as far as it has them."""

    def record(self, example: Example, prediction: Prediction) -> str:
        """The lines of a text; readings have a line of their own before them."""
        result = self.predictor.result(example, prediction)
        if "readings" not in result:
            return _aligned(result["output"])
        readings = enumerate(result["readings"], 1)
        return "".join(f"{number}.  {each['prob']:.3f}\n{_aligned(each['output'])}" for number, each in readings)


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _aligned(output: list[dict[str, Any]]) -> str:
    rows = [[harmless(cell.translate(_BLANKED)) for cell in _cells(each)] for each in output]
    if not rows:
        return "(nothing found)\n"
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(line + "\n" for line in lines)


def _all_found(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Everything in a result that may have a probability."""
    yield from result["output"]
    for reading in result.get("readings", ()):
        yield reading
        yield from reading["output"]


def _cells_of(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The cells of each line of a CSV file."""
    readings = enumerate(result["readings"], 1) if "readings" in result else [(None, {"output": result["output"]})]
    for number, reading in readings:
        place = {} if number is None else {"reading": number}
        for found in reading["output"]:
            cells: dict[str, Any] = {name: each for name, each in found.items() if isinstance(each, (str, int, float))}
            for name in ("subject", "object"):
                if name in found:
                    cells[name] = found[name]["span"]
            if "prob" in cells:
                cells["prob"] = round(cells["prob"], 6)
            yield {**place, **cells}
        if not reading["output"]:
            yield place


def _cells(found: dict[str, Any]) -> list[str]:
    prob = [f"{found['prob']:.3f}"] if "prob" in found else []
    if "span" in found:
        return [found["span"], found["type"], f"{found['start']}-{found['end']}", *prob]
    entities = [found[name]["span"] for name in ("subject", "object") if name in found]
    return [found["type"], *([" → ".join(entities)] if entities else []), *prob]


WRITERS: dict[str, type[Writer]] = {
    "jsonl": JsonLines,
    "conll": Conll,
    "csv": Csv,
    "tsv": Tsv,
    "html": Html,
    "table": Table,
}
"""By the names that the command line knows."""


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: marks and invisible characters (Mn, Me, Cf) none, wide ones two."""
    return sum(
        0 if unicodedata.category(each) in _WITHOUT_WIDTH else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
