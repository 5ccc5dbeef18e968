"""Lines of an input file as text, and as JSON."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


class BadRecord(Exception):
    """A record that cannot be read; the message says why."""


def decode(line: bytes, number: int) -> str:
    """A line without its end, and the first one without a byte-order mark.

    Args:
        line: the line.
        number: its number, from 1.

    Raises:
        BadRecord: it is not UTF-8.
    """
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadRecord(
            f"this line is not UTF-8 (byte {error.object[error.start]:#04x} at position {error.start + 1}); convert the file "
            "to UTF-8 first"
        ) from None
    return text.removeprefix("\ufeff") if number == 1 else text


def parse_json(text: str) -> Any:
    """The value of a line in JSON.

    Args:
        text: the line.

    Raises:
        BadRecord: it is no JSON, or holds what cannot be written as JSON again.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise BadRecord(f"this line is not a JSON object: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise BadRecord("this line is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise BadRecord(f"this line cannot be read as JSON: {error}") from None


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise BadRecord(f"the number {number[:20]} is too large")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise BadRecord(f"{name} is not JSON")
