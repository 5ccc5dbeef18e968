"""The package's logger, and nobody else's."""

from __future__ import annotations

import errno
import io
import logging
from pathlib import Path

import pytest

from adaseq.errors import AdaSeqError
from adaseq.utils.logging import logging_to

PACKAGE = logging.getLogger("adaseq")


def test_messages_reach_the_file_and_nothing_stays_behind(tmp_path: Path) -> None:
    before = (list(logging.getLogger().handlers), list(PACKAGE.handlers), PACKAGE.level)
    with logging_to(console=False, file=tmp_path / "new" / "out.log"):
        logging.getLogger("adaseq.somewhere").info("hello")
        logging.getLogger("adaseq.somewhere").debug("not this")
    logging.getLogger("adaseq.somewhere").warning("not this")
    text = (tmp_path / "new" / "out.log").read_text()
    assert text.endswith("INFO hello\n") and "not this" not in text
    assert (list(logging.getLogger().handlers), list(PACKAGE.handlers), PACKAGE.level) == before


class FullDisk(io.StringIO):
    """A file that nothing more can be written to."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    close = flush


def test_a_log_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(console=False, file=tmp_path / "out.log"):
        handler = PACKAGE.handlers[-1]
        assert isinstance(handler, logging.FileHandler)
        handler.stream.close()
        handler.stream = FullDisk()  # type: ignore[assignment]
        for _ in range(3):
            PACKAGE.info("hello")
    expected = f"Cannot write {tmp_path / 'out.log'}: No space left on device. The log goes on without it.\n"
    assert capsys.readouterr().err == expected


def test_debug_messages_can_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADASEQ_DEBUG", "1")
    with logging_to(console=False, file=tmp_path / "out.log"):
        PACKAGE.debug("details")
    assert "DEBUG details" in (tmp_path / "out.log").read_text()


def test_terminal_escapes_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    with logging_to(console=False, file=tmp_path / "out.log"):
        PACKAGE.info("label \x1b[31mred\x1b[0m\r 北京\u3000\tend")
    assert "label <U+001B>[31mred<U+001B>[0m<U+000D> 北京\u3000\tend" in (tmp_path / "out.log").read_text(
        encoding="utf-8"
    )


def test_the_console_is_left_to_a_program_that_has_set_up_logging(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.NullHandler()
    PACKAGE.addHandler(handler)
    try:
        with logging_to():
            PACKAGE.warning("hidden")
    finally:
        PACKAGE.removeHandler(handler)
    assert "hidden" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "line", "has_traceback"),
    [
        (AdaSeqError("the disk is \x1b full"), "ERROR AdaSeqError: the disk is <U+001B> full", False),
        (KeyboardInterrupt("Stopped by SIGTERM."), "ERROR KeyboardInterrupt: Stopped by SIGTERM.", False),
        (ZeroDivisionError("division by zero"), "ERROR ZeroDivisionError: division by zero", True),
    ],
)
def test_what_ends_a_run_is_in_its_file_and_shown_by_whoever_catches_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: BaseException, line: str, has_traceback: bool
) -> None:
    with pytest.raises(type(error)), logging_to(), logging_to(console=False, file=tmp_path / "out.log"):
        raise error
    text = (tmp_path / "out.log").read_text()
    assert line in text and ("Traceback" in text) == has_traceback
    assert capsys.readouterr().err == ""
