"""The package's logger. Nothing here touches the root logger or anybody else's handlers."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from adaseq.utils.files import writing

LOGGER_NAME = "adaseq"


def get_logger(name: str = LOGGER_NAME) -> logging.Logger:
    """The logger of a module: `get_logger(__name__)`."""
    return logging.getLogger(name)


class _SafeFormatter(logging.Formatter):
    """Shows control characters instead of obeying them: a label or file name may hold a terminal escape."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(
            char if char in "\n\t" or char.isprintable() else char.encode("unicode_escape").decode("ascii")
            for char in text
        )


class _ConsoleHandler(logging.StreamHandler[TextIO]):
    """Writes above a progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm = sys.modules.get("tqdm")
        if tqdm is None:
            super().emit(record)
            return
        try:
            tqdm.tqdm.write(self.format(record), file=self.stream)
        except Exception:  # noqa: BLE001 - a handler must never end the program
            self.handleError(record)


class _LogFile(logging.FileHandler):
    """Appends to a file; where that fails, once says so: a full disk is no reason to end what is logged."""

    _has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Note that a message is lost."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._has_failed:
            self._has_failed = True
            print(f"Cannot write {self.baseFilename}: {error.strerror}. The log goes on without it.", file=sys.stderr)

    def close(self) -> None:
        """Close the file, whether or not what is left can be written."""
        with contextlib.suppress(OSError):
            super().close()


@contextlib.contextmanager
def logging_to(console: bool = True, file: str | os.PathLike[str] | None = None) -> Iterator[None]:
    """Show the package's messages on the console and append them to a file while the block runs.

    Args:
        console: whether to write to standard error; left alone if the program has set up logging itself.
        file: a log file to append to.
    """
    logger = get_logger()
    handlers: list[logging.Handler] = []
    if console and not logger.handlers and not logging.getLogger().handlers:
        handlers.append(_ConsoleHandler(sys.stderr))
        handlers[-1].setFormatter(_SafeFormatter("%(message)s"))
    if file is not None:
        with writing(file):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            handlers.append(_LogFile(file, encoding="utf-8"))
        handlers[-1].setFormatter(_SafeFormatter("%(asctime)s %(levelname)s %(message)s"))
    if not handlers:
        # Without any handler Python would print warnings by itself, in every process.
        handlers.append(logging.NullHandler())
    level = logger.level
    if handlers and (level == logging.NOTSET or level > logging.INFO):
        logger.setLevel(logging.DEBUG if os.environ.get("ADASEQ_DEBUG") == "1" else logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(level)
