"""The folder in which what was fetched, unpacked and read is kept."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from adaseq.utils.locks import hold_file

logger = logging.getLogger(__name__)

_UNFINISHED = ".unfinished"


def default_cache() -> Path:
    """The user's cache folder: `$ADASEQ_CACHE`, or `~/.cache/adaseq`."""
    return Path(os.environ.get("ADASEQ_CACHE") or Path.home() / ".cache" / "adaseq")


def writable_cache(cache_dir: Path | None = None) -> Path:
    """The cache folder; a temporary one, with a warning, where it cannot be written."""
    folder = cache_dir or default_cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        problem = "no permission"
    except OSError as error:
        problem = str(error.strerror)
    return _temporary_cache(str(folder), problem)


@contextlib.contextmanager
def new_file(folder: Path, name: str) -> Iterator[Path]:
    """A temporary file in the cache, for the block; those that killed processes have left are removed.

    Args:
        folder: the cache folder.
        name: what its own name begins with.
    """
    for left in folder.glob(f".*{_UNFINISHED}"):
        with contextlib.suppress(OSError), open(left, "r+b") as abandoned:
            if hold_file(abandoned):
                left.unlink()
    file, path = _held_file(folder, name)
    try:
        yield path
    finally:
        file.close()
        path.unlink(missing_ok=True)


def _held_file(folder: Path, name: str) -> tuple[IO[bytes], Path]:
    while True:
        handle, found = tempfile.mkstemp(prefix=f".{name}-", suffix=_UNFINISHED, dir=folder)
        file, path = os.fdopen(handle, "r+b"), Path(found)
        is_held = hold_file(file)
        if is_held is None:  # where there are no locks, open files may not be renamed
            file.close()
        if is_held is not False and path.exists():
            return file, path
        file.close()  # another process took it for a left one in just this moment


@functools.cache
def _temporary_cache(folder: str, problem: str) -> Path:
    temporary = tempfile.TemporaryDirectory(prefix="adaseq-cache-")
    _kept_until_exit.append(temporary)
    logger.warning(
        "The cache folder %s cannot be written (%s): using a temporary one, so the next run encodes the data again. "
        "Set ADASEQ_CACHE to a folder of yours.",
        folder,
        problem,
    )
    return Path(temporary.name)


_kept_until_exit: list[tempfile.TemporaryDirectory[str]] = []
