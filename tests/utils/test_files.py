"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from adaseq.errors import AdaSeqError
from adaseq.utils import files
from adaseq.utils.files import atomic_folder, atomic_write, clean_leftovers, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_place_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.txt"
    with atomic_write(target) as file:
        file.write("line\n")
        assert not target.exists()
    assert target.read_bytes() == b"line\n" and names(target.parent) == ["file.txt"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="ours"), atomic_write(target) as file:
        file.write("new")
        raise RuntimeError("ours")
    assert target.read_text() == "old" and names(tmp_path) == ["file.txt"]


def test_the_usual_rights_are_given(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_json(tmp_path / "file.json", {"a": 1})
    finally:
        os.umask(before)
    assert (tmp_path / "file.json").stat().st_mode & 0o777 == 0o644


def test_a_folder_takes_the_place_of_another_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    for content in ("first", "second"):
        with atomic_folder(target) as folder:
            (folder / "inner").mkdir()
            (folder / "inner" / content).write_text(content)
    assert names(target / "inner") == ["second"] and names(tmp_path) == ["folder"]


def test_a_folder_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with atomic_folder(target) as folder:
        (folder / "file").write_text("old")
    with pytest.raises(RuntimeError), atomic_folder(target) as folder:
        (folder / "file").write_text("new")
        raise RuntimeError
    assert (target / "file").read_text() == "old" and names(tmp_path) == ["folder"]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (
            errno.ENOSPC,
            (
                "there is no space left on the disk. What was written before is untouched; free some space (or choose another "
                "folder) and go on with --resume."
            ),
        ),
        (errno.EROFS, "Read-only file system. Check the rights of {parent}, or choose another folder."),
    ],
)
def test_a_failing_disk_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")

    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(AdaSeqError) as error, atomic_write(target) as file:
        file.write("new")
    assert str(error.value) == f"Cannot write {target}: {reason.format(parent=tmp_path)}"
    assert target.read_text() == "old" and names(tmp_path) == ["file.txt"]


def test_other_failures_are_not_blamed_on_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "file.txt") as file:
        file.write((tmp_path / "missing").read_text())


def test_leftovers_of_a_killed_process_go(tmp_path: Path) -> None:
    kept: Any = [tmp_path / "file.tmp", tmp_path / ".hidden"]
    for path in (*kept, tmp_path / ".file.1-ab.tmp"):
        path.write_text("")
    (tmp_path / ".folder.1-ab.tmp").mkdir()
    clean_leftovers(tmp_path)
    assert names(tmp_path) == [".hidden", "file.tmp"]
