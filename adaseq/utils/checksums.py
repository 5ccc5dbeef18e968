"""Checksums that a configuration states, against the files that are there."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple

from adaseq.errors import AdaSeqError, DataError, nearest

# Hexadecimal digits of each kind.
_DIGITS = {"sha256": 64, "sha512": 128, "sha1": 40, "md5": 32}


class Checksum(NamedTuple):
    """What the content of a file must hash to.

    Attributes:
        kind: sha256, sha512, sha1 or md5.
        digits: the hash, in lower-case hexadecimal digits.
    """

    kind: str
    digits: str

    @classmethod
    def parse(cls, text: str) -> Checksum:
        """Read `sha256:0123…`; without a kind, the number of digits tells it.

        Args:
            text: the checksum.

        Raises:
            AdaSeqError: it is none.
        """
        kind, separator, digits = text.strip().lower().rpartition(":")
        if not separator:
            kind = next((name for name, count in _DIGITS.items() if count == len(digits)), "sha256")
        if kind not in _DIGITS:
            raise AdaSeqError(
                f"there is no checksum of the kind '{kind}'{nearest(kind, _DIGITS) or ';'} known: {', '.join(_DIGITS)}"
            )
        if not re.fullmatch(f"[0-9a-f]{{{_DIGITS[kind]}}}", digits):
            raise AdaSeqError(
                f"'{text}' is no checksum: {kind} has {_DIGITS[kind]} hexadecimal digits, such as sha256:9f86d081…"
            )
        return cls(kind, digits)

    def check(self, path: Path, place: object = None) -> None:
        """Compare it with a file.

        Args:
            path: the file.
            place: what the file is called in the message; by default its path.

        Raises:
            DataError: the file has another content.
        """
        found = digest_of(path, self.kind)
        if found != self.digits:
            raise DataError(
                f"this is not the file that dataset.checksum means: its {self.kind} is {found}, not {self.digits}. Either the "
                "file has changed or is damaged, or the checksum is that of another one",
                path if place is None else place,
            )


def digest_of(content: str | os.PathLike[str] | bytes, kind: str = "sha256") -> str:
    """The hash of a content, in hexadecimal digits.

    Args:
        content: the path of the file that holds it, or itself.
        kind: sha256, sha512, sha1 or md5.
    """
    if isinstance(content, bytes):
        return hashlib.new(kind, content).hexdigest()
    digest = hashlib.new(kind)
    with open(content, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
