"""The bytes of one file from a server into a part file, in one try or several."""

from __future__ import annotations

import json
import logging
import re
import sys
from email.message import Message
from pathlib import Path
from typing import Any

from adaseq.data.sources.archives import decompress
from adaseq.data.sources.connection import Answer, RequestError, get
from adaseq.errors import DataError
from adaseq.utils.files import atomic_write
from adaseq.utils.urls import redacted

logger = logging.getLogger(__name__)

MAX_SIZE = 64 << 30
"""No file is larger than this."""

_BLOCK = 1 << 16


class Transfer:
    """Fetches a file into `part`; a later try, or a later run, goes on where an earlier one was cut.

    Args:
        url: the address.
        part: where the bytes go; `<part>.json` beside it says what they are the beginning of.
        is_checked: a checksum will tell whether the whole is right, so that what a server does not number by versions may
            be continued too.

    Attributes:
        headers: those of the last answer that brought content.
        final_url: where it came from.
        has_progressed: whether the last try brought more than any before it.
    """

    def __init__(self, url: str, part: Path, is_checked: bool = False) -> None:
        self._url, self._part, self._is_checked = url, part, is_checked
        self._notes = part.with_name(f"{part.name}.json")
        self._conditions: dict[str, str] = {}
        self.headers: Message = Message()
        self.final_url = url
        self.has_progressed = False
        self._furthest = 0

    def ask_whether_changed(self, etag: str | None, modified: str | None) -> None:
        """Let the server send nothing if it has nothing new.

        Args:
            etag: what it called the version that is here.
            modified: when it said that this changed.
        """
        if etag:
            self._conditions["If-None-Match"] = etag
        elif modified:
            self._conditions["If-Modified-Since"] = modified

    def run(self) -> bool:
        """Try once.

        Returns:
            Whether there is a new file; False if the one that was asked about has not changed.

        Raises:
            RequestError: it was refused or cut.
        """
        self.has_progressed = False
        have, version = self._begun()
        # Compressed on the way, a file could not be continued.
        headers = {"Accept-Encoding": "identity", **self._conditions}
        if have:
            headers["Range"] = f"bytes={have}-"
            if version:
                headers["If-Range"] = version
        with get(self._url, headers) as answer:
            if answer.status == 304 and self._conditions:
                return False
            if answer.status == 206 and have and _range_start(answer) == have:
                self._receive(answer, have)
                return True
            if answer.status == 200:
                self._receive(answer, 0)
                return True
        if not have:
            raise RequestError(f"the server answers with the status {answer.status}, which makes no sense here")
        # What is here does not fit what the server has now: from the beginning, at once.
        self.forget()
        return self.run()

    def finish(self) -> Path:
        """The whole file, after a successful try; unpacked if the server sent it compressed all the same."""
        encoding = (self.headers.get("Content-Encoding") or "identity").strip().lower()
        is_named_so = self.final_url.partition("?")[0].lower().endswith((".gz", ".tgz"))
        if encoding in ("gzip", "x-gzip") and not is_named_so:
            plain = self._part.with_name(f"{self._part.name}.plain")
            try:
                with plain.open("wb") as sink:
                    decompress(self._part, ".gz", sink)
            except DataError as error:
                raise RequestError(f"the server sent it compressed, and {error.reason}") from error
            plain.replace(self._part)
        elif encoding not in ("identity", "gzip", "x-gzip"):
            self.forget()
            raise RequestError(f"the server sends the file compressed as '{encoding}', which it was asked not to do")
        return self._part

    def forget(self) -> None:
        """Remove what has come so far."""
        self._part.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def _begun(self) -> tuple[int, str | None]:
        """How much is here already, and the version that it belongs to."""
        try:
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            size = self._part.stat().st_size
            version = notes["version"]
            if notes["url"] == redacted(self._url) and (version or self._is_checked):
                return size, version
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return 0, None

    def _receive(self, answer: Answer, begin: int) -> None:
        self.headers, self.final_url = answer.headers, answer.url
        length = answer.headers.get("Content-Length", "")
        total = begin + int(length) if length.isdigit() else None
        if total is not None and total > MAX_SIZE:
            raise RequestError(f"the file has {total} bytes, and more than {MAX_SIZE} are not fetched")
        if begin == 0:
            with atomic_write(self._notes) as notes:
                json.dump({"url": redacted(self._url), "version": _version(answer)}, notes)
        size = begin
        with self._part.open("ab" if begin else "wb") as file, _progress(self._url, begin, total) as progress:
            while block := answer.read(_BLOCK):
                file.write(block)
                size += len(block)
                progress.update(len(block))
                if size > self._furthest:
                    self._furthest, self.has_progressed = size, True
                if size > MAX_SIZE:
                    raise RequestError(f"the server sends more than {MAX_SIZE} bytes, which are not fetched")
        if total is not None and size < total:
            raise RequestError(f"the connection broke after {size} of {total} bytes", may_pass=True)


def _version(answer: Answer) -> str | None:
    """What may stand in `If-Range`: a strong ETag, or a date."""
    etag = answer.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return str(etag)
    return answer.headers.get("Last-Modified")


def _range_start(answer: Answer) -> int | None:
    found = re.fullmatch(r"bytes (\d+)-\d+/(?:\d+|\*)", (answer.headers.get("Content-Range") or "").strip())
    return int(found[1]) if found else None


def _progress(url: str, begin: int, total: int | None) -> Any:
    """A bar on a terminal, a line in the log elsewhere."""
    from tqdm import tqdm

    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    if not is_terminal:
        size = "" if total is None else f" ({total / 1e6:.1f} MB)"
        logger.info("Fetching %s%s%s", redacted(url), size, f" from byte {begin} on" if begin else "")
    name = redacted(url).partition("?")[0].rstrip("/").rpartition("/")[2]
    return tqdm(
        total=total, initial=begin, unit="B", unit_scale=True, unit_divisor=1000, desc=name, disable=not is_terminal
    )
