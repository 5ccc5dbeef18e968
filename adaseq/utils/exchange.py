"""Swapping two names in one step, where the system can."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable

# From <fcntl.h>, <linux/fs.h> and macOS' <sys/stdio.h>.
_AT_FDCWD, _RENAME_EXCHANGE, _RENAME_SWAP = -100, 2, 2


def exchange(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> bool:
    """Give two files or folders each the name of the other, so that nobody ever finds one of the names missing.

    Returns:
        Whether that was done; where the system or the file system cannot, nothing has happened.
    """
    function = _function()
    return function is not None and function(os.fsencode(first), os.fsencode(second)) == 0


@functools.cache
def _function() -> Callable[[bytes, bytes], int] | None:
    if sys.platform not in ("linux", "darwin"):
        return None
    library = ctypes.CDLL(None)
    if sys.platform == "darwin":
        swap = getattr(library, "renamex_np", None)
        return swap and (lambda one, other: swap(one, other, _RENAME_SWAP))
    rename = getattr(library, "renameat2", None)
    return rename and (lambda one, other: rename(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE))
