"""Files from the web, kept in the cache by their content.

    downloads/addresses/<hash of the address>.json   what was fetched from there, and how to ask whether it has changed
    downloads/files/<hash of the content>/<name>     the files themselves
    downloads/parts/<hash of the address>            what has come so far of a file that is being fetched

A file that is in the cache is asked for again with its ETag or date, which takes one small request; where the server cannot
be reached, the copy is used with a warning. A download that was cut goes on where it ended.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from adaseq.data.sources.connection import RequestError
from adaseq.data.sources.file_names import name_of, refuse_web_page
from adaseq.data.sources.transfer import Transfer
from adaseq.errors import DataError
from adaseq.utils.cache import writable_cache
from adaseq.utils.checksums import Checksum, digest_of
from adaseq.utils.files import atomic_write, writing
from adaseq.utils.locks import lock_file
from adaseq.utils.urls import check_url, redacted

logger = logging.getLogger(__name__)

# Tries without any progress; fewer where there is a copy to fall back on.
ATTEMPTS = 6
ATTEMPTS_WITH_COPY = 2
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
# A server that wants to be left alone for longer is not waited for.
_LONGEST_RETRY_AFTER = 120.0
_LOCK_WAIT = 0.2

wait = time.sleep


@dataclass(frozen=True)
class Copy:
    """A file in the cache.

    Args:
        address: where it came from, without secrets.
        address_hash: of the whole address.
        sha256: of the content.
        name: of the file.
        etag: what the server calls this version of it.
        modified: when the server says that it changed.
    """

    address: str
    address_hash: str
    sha256: str
    name: str
    etag: str | None
    modified: str | None


def fetch(url: str, cache_dir: Path | None = None, checksum: str | None = None) -> Path:
    """The local copy of a file on the web.

    Args:
        url: its address, http or https.
        cache_dir: the cache; by default `$ADASEQ_CACHE` or `~/.cache/adaseq`.
        checksum: what its content must hash to, `sha256:…`; a copy that does needs no connection.

    Raises:
        DataError: it cannot be had, or is not the file that the checksum means.
        AdaSeqError: the address or the checksum is none.
    """
    check_url(url)
    wanted = Checksum.parse(checksum) if checksum is not None else None
    folder = writable_cache(cache_dir) / "downloads"
    if wanted and wanted.kind == "sha256" and (found := _file_in(folder / "files" / wanted.digits)):
        return found
    key = _hash(redacted(url))[:32]
    with writing(folder), _locked(folder / "parts" / f"{key}.lock", url):
        return _Download(url, folder, key, wanted).run()


class _Download:
    def __init__(self, url: str, folder: Path, key: str, wanted: Checksum | None) -> None:
        self.url, self.folder, self.wanted = url, folder, wanted
        self.shown = redacted(url)
        self.record = folder / "addresses" / f"{key}.json"
        self.part = folder / "parts" / key

    def run(self) -> Path:
        copy = self._copy()
        transfer = Transfer(self.url, self.part, is_checked=self.wanted is not None)
        if copy is not None and copy.address_hash == _hash(self.url):
            transfer.ask_whether_changed(copy.etag, copy.modified)
        try:
            if self._try(transfer, ATTEMPTS if copy is None else ATTEMPTS_WITH_COPY):
                return self._keep(transfer)
        except RequestError as error:
            if copy is None:
                raise DataError(f"cannot be fetched: {error.reason}", self.shown) from error
            logger.warning("%s: %s; using the copy in the cache.", self.shown, error.reason)
        assert copy is not None  # only about a copy is it asked whether it has changed
        return self._checked(self._path(copy))

    def _try(self, transfer: Transfer, attempts: int) -> bool:
        """Fetch the file, if need be in several tries; whether there is a new one."""
        failures = 0
        while True:
            try:
                return transfer.run()
            except RequestError as error:
                # Each try that brought something counts as the first.
                failures = 1 if transfer.has_progressed else failures + 1
                if not error.may_pass or failures >= attempts:
                    raise
                seconds = min(_FIRST_WAIT * 2 ** (failures - 1), _LONGEST_WAIT)
                if error.retry_after is not None:
                    if error.retry_after > _LONGEST_RETRY_AFTER:
                        raise RequestError(
                            f"{error.reason}; it asks to come back in {error.retry_after:.0f} seconds"
                        ) from error
                    seconds = max(seconds, error.retry_after)
                logger.info("%s: %s; trying again in %g seconds", self.shown, error.reason, seconds)
                wait(seconds)

    def _copy(self) -> Copy | None:
        """What is in the cache from this address."""
        try:
            values = json.loads(self.record.read_text(encoding="utf-8"))
            copy = Copy(**{each.name: values[each.name] for each in fields(Copy)})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return copy if self._path(copy).is_file() else None

    def _path(self, copy: Copy) -> Path:
        return self.folder / "files" / copy.sha256 / copy.name

    def _checked(self, path: Path) -> Path:
        if self.wanted:
            self.wanted.check(path, self.shown)
        return path

    def _keep(self, transfer: Transfer) -> Path:
        """Move what has come to its place."""
        content = transfer.finish()
        try:
            refuse_web_page(content, transfer.headers.get("Content-Type"), self.shown)
            name = name_of(self.url, transfer.final_url, transfer.headers, content)
            self._checked(content)
        except DataError:
            transfer.forget()
            raise
        copy = Copy(
            self.shown,
            _hash(self.url),
            digest_of(content),
            name,
            transfer.headers.get("ETag"),
            transfer.headers.get("Last-Modified"),
        )
        path = self._path(copy)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(content, path)
        transfer.forget()
        with atomic_write(self.record) as file:
            json.dump(asdict(copy), file)
        return path


@contextmanager
def _locked(path: Path, url: str) -> Iterator[None]:
    """Keep other processes from fetching the same file at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        is_told = False
        while not lock_file(file):
            if not is_told:
                logger.info("%s: waiting for another process that fetches it", redacted(url))
                is_told = True
            wait(_LOCK_WAIT)
        yield


def _file_in(folder: Path) -> Path | None:
    return next((path for path in sorted(folder.glob("*")) if path.is_file()), None)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
