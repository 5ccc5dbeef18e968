"""What a file format is: a class that reads a file as Examples, one at a time."""

from __future__ import annotations

import codecs
import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any, ClassVar, Literal

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError, DataError
from adaseq.registry import FORMATS, Registry

Layout = Literal["lines", "blocks", "table", "document", "file"]
"""How the records of a file lie in it: each on a line of its own; up to a blank line; on lines under one with the names of
columns; in one JSON list; or in some way in which none can be left out."""

BYTE_ORDER_MARK = "\ufeff"
"""Some programs write it at the beginning of a file; it is no part of the first word."""

_BLOCK = 1 << 13  # characters


class Format(ABC):
    """A file format. What a constructor takes are the options that a `dataset:` section may set.

    Args:
        encoding: the character encoding of the files.
    """

    registry: ClassVar[Registry] = FORMATS
    records: ClassVar[Layout] = "file"

    def __init__(self, encoding: str = "utf-8") -> None:
        try:
            "a".encode(encoding)
        except (LookupError, UnicodeError):
            raise AdaSeqError(
                f"there is no character encoding '{encoding}'; usual ones: utf-8, gb18030, latin-1"
            ) from None
        # A byte order mark is left out whatever the encoding; with -sig, decoding line by line would leave out others too.
        self.encoding = "utf-8" if codecs.lookup(encoding).name == "utf-8-sig" else encoding

    def read(self, path: Path) -> Iterator[Example]:
        """The Examples of a file, in order; no more than one of them is held at a time.

        Args:
            path: the file.

        Raises:
            DataError: something in the file is malformed, or there is no Example in it.
        """
        example = None
        for example in self._examples(path):
            yield example
        if example is None:
            raise DataError("there is no sentence in this file; is it the right one?", path)

    def notes(self) -> dict[str, Any]:
        """What there is to say about the file read last; JSON-serialisable. `scheme`: that of the tags. `warnings`."""
        return {}

    def layout(self, path: Path) -> Layout:
        """How records lie in a file: `adaseq inspect` reads on behind a malformed one where that can be done.

        Args:
            path: the file.
        """
        return self.records

    @abstractmethod
    def _examples(self, path: Path) -> Iterator[Example]:
        """The Examples of a file."""

    def lines(self, path: Path) -> Generator[str, None, None]:
        """The lines of a file with their ends. Only a line feed ends a line: words may hold the other separators.

        Args:
            path: the file.
        """
        with self._opened(path) as file:
            first = file.readline().removeprefix(BYTE_ORDER_MARK)
            refuse_lone_returns(first, path)
            if first:
                yield first
            yield from file

    def blocks(self, path: Path) -> Iterator[list[str]]:
        """The lines of a file, many at a time, without their ends: quicker than one by one.

        Args:
            path: the file.
        """
        parts: list[str] = []
        is_one_line = True
        with self._opened(path) as file:
            first = file.read(_BLOCK).removeprefix(BYTE_ORDER_MARK)
            for text in itertools.chain([first], iter(lambda: file.read(_BLOCK), "")):
                parts.append(text)
                if "\n" in text:
                    lines = _split_lines("".join(parts))
                    parts = [lines.pop()]
                    is_one_line = False
                    yield lines
            rest = "".join(parts)
            if is_one_line:
                refuse_lone_returns(rest, path)
            if rest:
                yield [rest.removesuffix("\r")]

    @contextlib.contextmanager
    def _opened(self, path: Path) -> Iterator[IO[str]]:
        try:
            with open(path, encoding=self.encoding, newline="\n") as file:
                yield file
        except UnicodeError:
            raise self._undecodable(path) from None
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", path) from error

    def _undecodable(self, path: Path) -> DataError:
        """The error about the first byte that is no text in the encoding."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        line, what = 1, "the character at the end of the file is incomplete"
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 16), b""):
                state = decoder.getstate()
                try:
                    line += decoder.decode(block).count("\n")
                    continue
                except UnicodeError:
                    decoder.setstate(state)
                try:
                    for value in block:
                        line += decoder.decode(bytes([value])).count("\n")
                except UnicodeDecodeError as error:
                    what = f"the byte 0x{error.object[error.start]:02x} is no text"
                except UnicodeError as error:
                    what = str(error)
                break
        return DataError(
            f"{what} in the encoding {self.encoding}; convert the file, or name its encoding, such as 'encoding: gb18030' or "
            "'encoding: latin-1'",
            path,
            line,
        )


def refuse_lone_returns(first: str, path: Path) -> None:
    """Refuse a file in which carriage returns alone end the lines: all of it would be taken for one line.

    Args:
        first: its first line, with its end.
        path: the file.

    Raises:
        DataError: it is such a file.
    """
    if not first.endswith("\n") and "\r" in first[:-1]:
        raise DataError(
            "the lines end in a carriage return alone, as on old Macs, which is not read as the end of a line; convert the "
            "file, so that they end in a line feed",
            path,
            1,
        )


def _split_lines(text: str) -> list[str]:
    # The last one may go on in the next block; its carriage return stays.
    return (text.replace("\r\n", "\n") if "\r" in text else text).split("\n")
