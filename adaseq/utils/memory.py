"""Memory that was freed: when the C library keeps it, and when it gives it back to the system."""

from __future__ import annotations

import contextlib
import ctypes

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE = 2**31 - 1


def give_memory_back() -> None:
    """Return to the system what is free, where the C library keeps it (glibc): arrays of ever other sizes leave gaps."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_memory() -> None:
    """Let the C library (glibc) keep what is freed, for the next arrays of that size.

    By itself it gives large arrays back at once, and the system clears each page of the next ones: in the training of a small
    transformer that took a tenth of the time, most of it for the gradient of the word vectors.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, _LARGE)
