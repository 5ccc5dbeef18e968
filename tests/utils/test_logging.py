"""The package's logger, and nobody else's."""

from __future__ import annotations

import errno
import io
import logging
from pathlib import Path

import pytest

from adaseq.utils.logging import get_logger, logging_to


def test_messages_reach_the_file_and_nothing_stays_behind(tmp_path: Path) -> None:
    before = (list(logging.getLogger().handlers), list(get_logger().handlers), get_logger().level)
    with logging_to(console=False, file=tmp_path / "new" / "out.log"):
        get_logger("adaseq.somewhere").info("hello")
        get_logger("adaseq.somewhere").debug("not this")
    get_logger("adaseq.somewhere").warning("not this")
    text = (tmp_path / "new" / "out.log").read_text()
    assert text.endswith("INFO hello\n") and "not this" not in text
    assert (list(logging.getLogger().handlers), list(get_logger().handlers), get_logger().level) == before


class FullDisk(io.StringIO):
    """A file that nothing more can be written to."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    close = flush


def test_a_log_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(console=False, file=tmp_path / "out.log"):
        handler = get_logger().handlers[-1]
        assert isinstance(handler, logging.FileHandler)
        handler.stream.close()
        handler.stream = FullDisk()  # type: ignore[assignment]
        for _ in range(3):
            get_logger().info("hello")
    expected = f"Cannot write {tmp_path / 'out.log'}: No space left on device. The log goes on without it.\n"
    assert capsys.readouterr().err == expected


def test_debug_messages_can_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADASEQ_DEBUG", "1")
    with logging_to(console=False, file=tmp_path / "out.log"):
        get_logger().debug("details")
    assert "DEBUG details" in (tmp_path / "out.log").read_text()


def test_terminal_escapes_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    with logging_to(console=False, file=tmp_path / "out.log"):
        get_logger().info("label \x1b[31mred\x1b[0m\r 北京\tend")
    assert "label \\x1b[31mred\\x1b[0m\\r 北京\tend" in (tmp_path / "out.log").read_text(encoding="utf-8")


def test_the_console_is_left_to_a_program_that_has_set_up_logging(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.NullHandler()
    get_logger().addHandler(handler)
    try:
        with logging_to():
            get_logger().warning("hidden")
    finally:
        get_logger().removeHandler(handler)
    assert "hidden" not in capsys.readouterr().err
