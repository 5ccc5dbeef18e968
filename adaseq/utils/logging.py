"""The package's logger. Nothing here touches the root logger or anybody else's handlers."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from adaseq.errors import AdaSeqError
from adaseq.utils.files import writing
from adaseq.utils.terminal import harmless


class _SafeFormatter(logging.Formatter):
    """Shows control characters instead of obeying them: a label or file name may hold a terminal escape."""

    def format(self, record: logging.LogRecord) -> str:
        return harmless(super().format(record))


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

    What ends the block comes last in the file, where it may be all that is left of a run in the background.

    Args:
        console: whether to write to standard error; left alone if the program has set up logging itself.
        file: a log file to append to.
    """
    logger = logging.getLogger("adaseq")
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
    if level == logging.NOTSET or level > logging.INFO:
        logger.setLevel(logging.DEBUG if os.environ.get("ADASEQ_DEBUG") == "1" else logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    except BaseException as error:
        if file is not None:
            is_fault = not isinstance(error, (AdaSeqError, KeyboardInterrupt))
            values = (type(error).__name__, error), sys.exc_info() if is_fault else None
            handlers[-1].handle(logger.makeRecord(__name__, logging.ERROR, __file__, 0, "%s: %s", *values))
        raise
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(level)
