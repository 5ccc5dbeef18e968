"""Lines of an input file as text."""

from __future__ import annotations


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
