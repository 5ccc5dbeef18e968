"""Archives and compressed files, unpacked into the cache without letting them write anywhere else, or without end."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from adaseq.errors import AdaSeqError, DataError
from adaseq.utils.cache import writable_cache
from adaseq.utils.checksums import digest_of
from adaseq.utils.files import atomic_folder

# An archive may hold this much, and this many times its own size (above the first megabytes, which compress well).
MAX_SIZE = 64 << 30
MAX_RATIO = 200
MAX_ENTRIES = 100_000
_FREE_SIZE = 64 << 20
# What is read at once of an archive is the header of an entry, with its name.
_LONGEST_READ = 1 << 20

_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\x00": ".xz"}
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)
_BOMB = "it looks like a bomb"


def is_archive(path: Path) -> bool:
    """Whether a file is an archive by its name."""
    return path.name.lower().endswith(_SUFFIXES)


def is_compressed(path: Path) -> bool:
    """Whether a file is a single compressed file by its name: `train.txt.gz`."""
    return path.suffix.lower() in _OPENERS and not is_archive(path)


def sniff(path: Path) -> str:
    """The ending that belongs to an archive or a compressed file, by its content; empty for other files."""
    with path.open("rb") as file:
        head = file.read(265)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ".zip"
    if head[257:262] == b"ustar":
        return ".tar"
    compression = next((ending for magic, ending in _MAGIC.items() if head.startswith(magic)), "")
    if not compression:
        return ""
    try:
        with _OPENERS[compression](path) as content:
            is_tar = content.read(265)[257:262] == b"ustar"
    except (OSError, EOFError, lzma.LZMAError):  # damaged; unpacking it will say so
        is_tar = False
    return f".tar{compression}" if is_tar else compression


def unpacked(path: Path, cache_dir: Path | None = None) -> Path:
    """The folder with the content of an archive; unpacked once for each content.

    Raises:
        DataError: the archive is damaged, has an entry that leads out of it, a link or a device, or would unpack to far
            more than its own size.
    """
    target = writable_cache(cache_dir) / "archives" / digest_of(path)
    if target.is_dir():
        return target
    with _explained("the archive", path), atomic_folder(target) as folder:
        budget = _budget(path)
        for count, (name, size, source) in enumerate(_entries(path), 1):
            budget -= size
            if budget < 0:
                raise DataError(f"the archive would unpack to far more than its size: {_BOMB}", path)
            if count > MAX_ENTRIES:
                raise DataError(f"the archive has more than {MAX_ENTRIES} entries: {_BOMB}", path)
            with _open_entry(folder / _safe(name, path), path) as sink:
                shutil.copyfileobj(
                    _Limited(source, size, path, f"an entry is longer than the archive says: {_BOMB}"), sink
                )
    return target


def decompressed(path: Path, cache_dir: Path | None = None) -> Path:
    """The content of a single compressed file, under its name without the ending; made once for each content.

    Raises:
        DataError: it is damaged, or holds far more than its own size.
    """
    name = path.stem or "data"
    # Its name says what kind of table it is: the same content under another name is another file.
    target = writable_cache(cache_dir) / "archives" / f"{digest_of(path)}-{digest_of(os.fsencode(name))[:16]}"
    if not target.is_dir():
        with atomic_folder(target) as folder, open(folder / name, "wb") as sink:
            decompress(path, path.suffix.lower(), sink)
    return target / name


def decompress(path: Path, compression: str, sink: IO[bytes]) -> None:
    """Decompress a file.

    Args:
        path: the file.
        compression: `.gz`, `.bz2` or `.xz`.
        sink: takes its content.

    Raises:
        DataError: it is damaged, or holds far more than its own size.
    """
    message = f"the file would unpack to far more than its size: {_BOMB}"
    with _explained("the compressed file", path), _OPENERS[compression](path) as source:
        shutil.copyfileobj(_Limited(source, _budget(path), path, message), sink)


def _open_entry(place: Path, archive: Path) -> IO[bytes]:
    """Where the content of an entry goes; an error of the archive if its own names get into each other's way."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return place.open("wb")
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise DataError(f"the archive cannot be read: {error.strerror}", archive) from error
        raise


@contextlib.contextmanager
def _explained(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except AdaSeqError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK_IS_FULL:
            raise
        # The readers of archives raise whatever they stumble over in a damaged one: a dozen types, and more in new versions.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
        raise DataError(f"{what} cannot be read: {reason}", path) from error


def _budget(path: Path) -> int:
    return min(MAX_SIZE, max(_FREE_SIZE, path.stat().st_size * MAX_RATIO))


def _entries(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Name, size and content of each file."""
    if path.name.lower().endswith(".zip"):
        yield from _zip_entries(path)
    else:
        yield from _tar_entries(path)


def _zip_entries(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            if (entry.external_attr >> 16) & 0o170000 == 0o120000:
                raise DataError(f"the entry '{entry.filename}' is a link, which is not unpacked", path)
            if entry.flag_bits & 1:
                raise DataError(f"the entry '{entry.filename}' is encrypted", path)
            with archive.open(entry) as content:
                yield entry.filename, entry.file_size, content


def _tar_entries(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    name = path.name.lower()
    compression = next((ending for ending in _OPENERS if name.endswith((ending, f".t{ending[1:]}"))), None)
    with contextlib.ExitStack() as opened:
        raw = opened.enter_context(_OPENERS[compression](path) if compression else path.open("rb"))
        content: Any = _TarContent(raw, path)
        tar = opened.enter_context(tarfile.open(fileobj=content, mode="r:"))
        for member in tar:
            if member.isdir():
                continue
            source = tar.extractfile(member) if member.isreg() else None
            if source is None:
                raise DataError(f"the entry '{member.name}' is a link or a device, which is not unpacked", path)
            yield member.name, member.size, source


def _safe(name: str, path: Path) -> PurePosixPath:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or not parts.parts or ":" in parts.parts[0]:
        raise DataError(f"the entry '{name}' leads out of the archive", path)
    return parts


class _Limited:
    """Reads so much and no more."""

    def __init__(self, source: IO[bytes], size: int, path: Path, message: str) -> None:
        self._source, self._left, self._path, self._message = source, size, path, message

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise DataError(self._message, self._path)
        return block


class _TarContent:
    """The decompressed bytes of a tar archive: not more than its budget, and no header larger than memory."""

    def __init__(self, source: IO[bytes], path: Path) -> None:
        self._source, self._path = source, path
        self._end = _budget(path) + MAX_ENTRIES * tarfile.RECORDSIZE

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_READ:
            raise DataError(f"the header of an entry has more than {_LONGEST_READ} bytes: {_BOMB}", self._path)
        if self._source.tell() > self._end:
            raise DataError(f"the archive would unpack to far more than its size: {_BOMB}", self._path)
        return self._source.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._source.seek(place, whence)

    def tell(self) -> int:
        return self._source.tell()
