"""Ctrl-C and SIGTERM: finish the step at hand, save a checkpoint, leave."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TrainingInterrupted(KeyboardInterrupt):
    """The run was told to stop, and its state is saved.

    Args:
        signum: the signal: SIGINT for Ctrl-C, SIGTERM for the notice of a scheduler.
        folder: the run folder to resume from.
    """

    def __init__(self, signum: int, folder: Path) -> None:
        self.signum, self.folder = signum, folder
        super().__init__(f"Stopped by {signal.Signals(signum).name}.")

    @property
    def exit_status(self) -> int:
        """The status that shells expect: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.signum


class Interrupts:
    """Within its block the first signal is noted in `requested`; a second one ends the program at once."""

    def __init__(self) -> None:
        self.requested: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        # Only the main thread of a program may handle signals; elsewhere they keep their meaning.
        if threading.current_thread() is threading.main_thread():
            self._before = {signum: signal.signal(signum, self._note) for signum in _SIGNALS}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        self._before = {}

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self.requested is not None:
            raise KeyboardInterrupt
        self.requested = signum
        logger.warning("%s: finishing this step and saving; once more to stop at once.", signal.Signals(signum).name)
