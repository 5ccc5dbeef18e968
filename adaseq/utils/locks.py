"""Locks on open files."""

from __future__ import annotations

import logging
from typing import IO, Any

logger = logging.getLogger(__name__)


def lock_file(file: IO[Any]) -> bool:
    """Lock a file until it is closed or the process dies, however it dies; children do not inherit the lock.

    Args:
        file: a file that is open for writing.

    Returns:
        Whether it is now locked, or cannot be; False if another process has locked it.
    """
    try:
        import fcntl
    except ImportError:  # Windows keeps a file that is open for writing from being removed; that has to do
        return True
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        logger.warning("The file system of %s knows no locks; nothing keeps two runs from using one folder.", file.name)
    return True


def hold_file(file: IO[Any]) -> bool | None:
    """Lock a file as long as this opening of it lasts, here or in a child; other openings, in this process too, meet the lock.

    Args:
        file: a file that is open for writing.

    Returns:
        Whether it is now locked; None where there are no such locks.
    """
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
