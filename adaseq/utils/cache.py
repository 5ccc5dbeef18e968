"""The folder in which what was fetched, unpacked and read is kept."""

from __future__ import annotations

import functools
import logging
import os
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)


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
