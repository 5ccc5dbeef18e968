"""Files of word vectors: text as of GloVe, word2vec and fastText, and word2vec's binary format; plain or gzipped."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from adaseq.errors import DataError

# No line of text and no word is longer; what claims to be is no file of vectors.
_LONGEST_LINE = 1 << 20
_WIDEST = 1 << 17


def find_vector_file(name_or_path: str | Path, file_name: str) -> Path | None:
    """The file of vectors: the path itself, if it is a file, or the file of that name in the folder; None if there is none."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    return next((each for each in (path / file_name, path / f"{file_name}.gz") if each.is_file()), None)


def read_words(path: Path, most: int | None = None) -> Iterator[str]:
    """The words of a file, in its order; words that are not UTF-8 are passed over.

    Args:
        path: the file.
        most: only so many words.
    """
    for word, _ in _entries(path, most, frozenset()):
        if word.isprintable():
            yield word


def read_vectors(path: Path, words: Collection[str], most: int | None = None) -> tuple[dict[str, np.ndarray], int]:
    """The vectors of some words; of a word that stands there twice, the first.

    Args:
        path: the file; it is read in constant memory.
        words: the words to keep.
        most: look at only so many words.

    Returns:
        The vectors, float32 `(H,)`, by word; and H, 0 for an empty file.

    Raises:
        DataError: the file is not what it should be; names the line of a text file.
    """
    vectors: dict[str, np.ndarray] = {}
    dim = 0
    for word, vector in _entries(path, most, words):
        if isinstance(vector, int):
            dim = vector
        else:
            vectors.setdefault(word, vector)
            dim = len(vector)
    return vectors, dim


def _entries(path: Path, most: int | None, words: Collection[str]) -> Iterator[tuple[str, np.ndarray | int]]:
    """Each word with its vector, if it is among those asked for, else with the length of its vector."""
    try:
        with _open(path) as file:
            first, second = file.readline(_LONGEST_LINE), file.readline(_LONGEST_LINE)
        with _open(path) as file:
            header = _header(first)
            if header and header[1] > _WIDEST:
                raise DataError(f"the vectors shall be {header[1]} wide, which none are", path, 1)
            if header and not _is_text(second, header[1]):
                yield from _binary_entries(file, path, most, words)
            else:
                yield from _text_entries(file, path, most, words, header)
    except (OSError, EOFError) as error:
        raise DataError(f"the word vectors cannot be read: {error}", path) from None


def _open(path: Path) -> IO[bytes]:
    opened: Any = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115
    return opened


def _header(line: bytes) -> tuple[int, int] | None:
    """The number of words and that of dimensions, if a file says so in its first line."""
    fields = line.removeprefix(codecs.BOM_UTF8).split()
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        return int(fields[0]), int(fields[1])
    return None


def _is_text(line: bytes, dim: int) -> bool:
    try:
        return len([float(field) for field in line.split()[-dim:]]) == dim
    except ValueError:
        return False


def _text_entries(
    file: IO[bytes], path: Path, most: int | None, words: Collection[str], header: tuple[int, int] | None
) -> Iterator[tuple[str, np.ndarray | int]]:
    dim = header[1] if header else 0
    if header:
        file.readline()
    for number, line in enumerate(file, 1 + bool(header)):
        if most is not None and number - bool(header) > most:
            return
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape").rstrip()
        if not text:
            continue
        dim = dim or text.count(" ")
        # Some words have spaces in them; the numbers are the last fields.
        word, *fields = text.rsplit(" ", dim)
        if len(fields) != dim or not dim:
            raise DataError(f"{len(fields)} numbers behind the word, where lines before have {dim}", path, number)
        if word not in words:
            yield word, dim
            continue
        try:
            yield word, np.asarray(fields, np.float32)
        except ValueError as error:
            raise DataError(f"a vector of numbers is expected behind the word ({error})", path, number) from None


def _binary_entries(
    file: IO[bytes], path: Path, most: int | None, words: Collection[str]
) -> Iterator[tuple[str, np.ndarray | int]]:
    count, dim = (int(field) for field in file.readline().split())
    for number in range(count if most is None else min(count, most)):
        letters = bytearray()
        while (letter := file.read(1)) != b" ":
            if not letter or len(letters) > _LONGEST_LINE:
                raise DataError(f"the file ends, or breaks, in word {number + 1} of {count}", path)
            letters += letter
        # Some writers end each vector with a line break.
        word = letters.lstrip(b"\n").decode("utf-8", "surrogateescape")
        block = file.read(4 * dim)
        if len(block) < 4 * dim:
            raise DataError(f"the file ends in the vector of word {number + 1} of {count}", path)
        yield word, np.frombuffer(block, "<f4").copy() if word in words else dim
