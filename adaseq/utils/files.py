"""Files that are written whole or not at all.

Everything is written beside its place and renamed into it, after it has reached the disk. A reader, a crash or a full
disk meets the old content or the new one, never half of either.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from adaseq.errors import AdaSeqError
from adaseq.utils.exchange import exchange

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR}
_WRITE_FAILURES = {
    *_NO_SPACE,
    *_IN_THE_WAY,
    *(errno.EROFS, errno.EFBIG, errno.EIO, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP),
}


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "w", encoding: str | None = "utf-8") -> Iterator[IO[Any]]:
    """Open a file that takes its place when the block ends well, and vanishes when it does not.

    Args:
        path: where the file shall lie; its folder is made if needed.
        mode: `w` for text (lines end in a line feed everywhere), `wb` for bytes.
        encoding: of text.

    Raises:
        AdaSeqError: the disk is full or the place cannot be written; what was there before is untouched.
    """
    target = Path(path)
    with writing(target):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(target)
        is_text = "b" not in mode
        try:
            with open(
                temporary, mode, encoding=encoding if is_text else None, newline="\n" if is_text else None
            ) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(target.parent)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a folder whose content appears at once when the block ends well; one that is there is replaced.

    Args:
        path: where the folder shall lie.

    Yields:
        A temporary folder beside it, to be filled.

    Raises:
        AdaSeqError: the disk is full or the place cannot be written; what was there before is untouched.
    """
    target = Path(path)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(target)
        temporary.mkdir()
        try:
            yield temporary
            for file in sorted(temporary.rglob("*")):
                sync_folder(file) if file.is_dir() else _sync_file(file)
            sync_folder(temporary)
            if not target.exists():
                os.rename(temporary, target)
            elif not exchange(temporary, target):
                _replace(target, temporary)
        finally:
            _remove(temporary)
        sync_folder(target.parent)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a JSON file, readable for people, atomically."""
    with atomic_write(path) as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn a failure of the disk inside the block into a message that a user can act on."""
    try:
        yield
    except Exception as error:
        cause = _disk_failure(error)
        if cause is None:
            raise
        raise AdaSeqError(f"Cannot write {path}: {_explain(cause, Path(path))}") from error


def clean_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders that a killed process left in a folder."""
    for leftover in folder.glob(".*.tmp"):
        _remove(leftover)


def discard_folder(folder: Path) -> None:
    """Remove a folder so that nobody finds a part of it: at once from sight, then from the disk."""
    hidden = _beside(folder)
    with contextlib.suppress(OSError):
        os.rename(folder, hidden)
        folder = hidden
    shutil.rmtree(folder, ignore_errors=True)


def add_name(source: Path, target: Path) -> None:
    """Give a file a second name: a hard link, or a copy where there are none. What had that name is replaced."""
    with writing(target):
        temporary = _beside(target)
        try:
            try:
                os.link(source, temporary)
            except OSError:
                shutil.copyfile(source, temporary)
                _sync_file(temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems know no fsync of folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _sync_file(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _replace(target: Path, new: Path) -> None:
    replaced = _beside(target)
    os.rename(target, replaced)
    try:
        os.rename(new, target)
    except OSError:
        os.rename(replaced, target)
        raise
    _remove(replaced)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _disk_failure(error: BaseException) -> OSError | None:
    # torch.save reports a full disk as a RuntimeError raised while the OSError was being handled.
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AdaSeqError):
            return None
        if isinstance(seen, OSError) and seen.errno in _WRITE_FAILURES:
            return seen
        # safetensors has the number of the system's error in its text only.
        found = re.search(r"\(os error (\d+)\)", str(seen))
        if found and int(found[1]) in _WRITE_FAILURES:
            return OSError(int(found[1]), os.strerror(int(found[1])))
        seen = seen.__cause__ or seen.__context__
    return None


def _explain(error: OSError, path: Path) -> str:
    if error.errno in _NO_SPACE:
        return (
            "there is no space left on the disk. What was written before is untouched; free some space (or choose "
            "another folder) and go on with --resume."
        )
    if error.errno in _IN_THE_WAY:
        found = f" ({error.filename})" if error.filename not in (None, str(path)) else ""
        return f"{error.strerror}{found}. Move what is in the way, or choose another folder."
    return f"{error.strerror}. Check the rights of {path.parent}, or choose another folder."
