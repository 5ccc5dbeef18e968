"""Readers that are asked for splits rather than for files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.errors import AdaSeqError, DataError
from adaseq.utils.checksums import digest_of


class SplitReader(Format):
    """The base of readers for data that is not one file per split: a folder with a layout of its own, a database, a service.

    `dataset.data_file` may be left out; then `place` is None. If it is given (a file, a folder, an archive, which is
    unpacked, or a URL of one, which is fetched), `place` is where it lies.

    Args:
        encoding: the character encoding of the files.
    """

    @abstractmethod
    def splits(self, place: Path | None) -> Sequence[str]:
        """Which of the splits train, valid and test there are.

        Args:
            place: the file or folder that `dataset.data_file` names, if any.
        """

    @abstractmethod
    def read_split(self, split: str, place: Path | None) -> Iterator[Example]:
        """The Examples of a split.

        Args:
            split: one of `splits`.
            place: the file or folder that `dataset.data_file` names for it, if any.

        Raises:
            DataError: something in the data is malformed.
        """

    def fingerprint(self, split: str, place: Path | None) -> str:
        """What changes when the data does; as long as it stays, the data is taken from the cache and not read again.

        By default it stands for the names and the content of the files at `place`. A reader that needs no file says it
        itself: a version, a date, a number of rows, or a constant for data that never changes.

        Args:
            split: one of `splits`.
            place: the file or folder that `dataset.data_file` names for it, if any.
        """
        if place is None:
            raise AdaSeqError(
                f"{type(self).__name__} reads no file, so that AdaSeq cannot see when its data changes: give it a method "
                "fingerprint(self, split, place) that returns a version, a date or a count"
            )
        if place.is_file():
            return digest_of(place)
        files = sorted(path for path in place.rglob("*") if path.is_file())
        if not files:
            raise DataError("there is no file in this folder", place)
        return "\n".join(f"{path.relative_to(place).as_posix()} {digest_of(path)}" for path in files)

    def _examples(self, path: Path) -> Iterator[Example]:
        for split in self.splits(path):
            yield from self.read_split(split, path)
