"""Archives, unpacked into the cache without letting them write anywhere else."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from adaseq.data.store import writable_cache
from adaseq.errors import AdaSeqError, DataError
from adaseq.utils.files import atomic_folder, sha256_of

# An archive may hold this much, and this many times its own size (above the first megabytes, which compress well).
MAX_SIZE = 64 << 30
MAX_RATIO = 200
_FREE_SIZE = 64 << 20
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def is_archive(path: Path) -> bool:
    """Whether a file is an archive by its name."""
    return path.name.lower().endswith(_SUFFIXES)


def unpacked(path: Path, cache_dir: Path | None = None) -> Path:
    """The folder with the content of an archive; unpacked once for each content.

    Raises:
        DataError: the archive is damaged, has an entry that leads out of it, a link or a device, or would unpack to far
            more than its own size.
    """
    target = writable_cache(cache_dir) / "archives" / sha256_of(path)
    if target.is_dir():
        return target
    try:
        with atomic_folder(target) as folder:
            budget = min(MAX_SIZE, max(_FREE_SIZE, path.stat().st_size * MAX_RATIO))
            for name, size, source in _entries(path):
                budget -= size
                if budget < 0:
                    raise DataError("the archive would unpack to far more than its size: it looks like a bomb", path)
                place = folder / _safe(name, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("wb") as sink:
                    _copy(source, sink, size, path)
    except AdaSeqError:
        raise
    except Exception as error:
        # The readers of archives raise whatever they stumble over in a damaged one: a dozen types, and more in new versions.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
        raise DataError(f"the archive cannot be read: {reason}", path) from error
    return target


def _entries(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Name, size and content of each file."""
    if path.name.lower().endswith(".zip"):
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
    else:
        with tarfile.open(path) as tar:
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


def _copy(source: IO[bytes], sink: IO[bytes], size: int, path: Path) -> None:
    """Copy an entry, which must not be longer than it says."""
    shutil.copyfileobj(_Limited(source, size, path), sink)


class _Limited:
    def __init__(self, source: IO[bytes], size: int, path: Path) -> None:
        self._source, self._left, self._path = source, size, path

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise DataError("an entry is longer than the archive says: it looks like a bomb", self._path)
        return block
