"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from adaseq.errors import AdaSeqError
from adaseq.utils import files
from adaseq.utils.exchange import exchange
from adaseq.utils.files import add_name, atomic_folder, atomic_write, clean_leftovers, discard_folder, write_json


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


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_takes_the_place_of_another_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(files, "exchange", lambda first, second: False)
    target = tmp_path / "folder"
    for content in ("first", "second"):
        with atomic_folder(target) as folder:
            (folder / "inner").mkdir()
            (folder / "inner" / content).write_text(content)
    assert names(target / "inner") == ["second"] and names(tmp_path) == ["folder"]


def test_two_names_are_swapped_or_nothing_happens(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    swapped = exchange(tmp_path / "a", tmp_path / "b")
    assert names(tmp_path / "a") == (["b"] if swapped else ["a"])
    assert not exchange(tmp_path / "a", tmp_path / "missing") and names(tmp_path) == ["a", "b"]


def test_a_folder_that_cannot_take_its_place_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, rename, calls = tmp_path / "folder", os.rename, []
    with atomic_folder(target) as folder:
        (folder / "file").write_text("old")

    def fill_up(source: Path, place: Path) -> None:
        calls.append(place)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(source, place)

    monkeypatch.setattr(files, "exchange", lambda first, second: False)
    monkeypatch.setattr(files.os, "rename", fill_up)
    with pytest.raises(AdaSeqError, match="no space left"), atomic_folder(target) as folder:
        (folder / "file").write_text("new")
    assert (target / "file").read_text() == "old" and names(tmp_path) == ["folder"]


def test_a_folder_is_out_of_sight_before_it_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(files.shutil, "rmtree", lambda path, ignore_errors: None)  # killed
        discard_folder(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
    clean_leftovers(tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("has_links", [True, False])
def test_a_second_name_replaces_what_had_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not has_links:
        monkeypatch.setattr(files.os, "link", refuse)
    source, target = tmp_path / "file", tmp_path / "name"
    source.write_text("new")
    target.write_text("old")
    for _ in range(2):
        add_name(source, target)
        assert target.read_text() == "new" and source.samefile(target) == has_links
    assert names(tmp_path) == ["file", "name"]


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AdaSeqError) as error, atomic_write(tmp_path / "file" / "inner" / "x"):
        pass
    assert str(error.value) == (
        f"Cannot write {tmp_path / 'file' / 'inner' / 'x'}: Not a directory ({tmp_path / 'file' / 'inner'}). "
        "Move what is in the way, or choose another folder."
    )


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
