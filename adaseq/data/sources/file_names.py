"""What a file from the web is called, and whether it is a file at all."""

from __future__ import annotations

import re
import urllib.parse
from email.message import Message
from pathlib import Path, PurePosixPath

from adaseq.data.sources.archives import is_archive, is_compressed, sniff
from adaseq.errors import DataError

_LONGEST = 120
_HEAD = 1024


def name_of(url: str, final_url: str, headers: Message, content: Path) -> str:
    """The name under which a fetched file is kept, whose ending tells what kind it is.

    It is what the server calls it, or the last part of the address or of the one it was redirected to, or a parameter that
    looks like a path (`?FilePath=data/train.txt`). An archive gets the ending that its content deserves.

    Args:
        url: the address that was asked for.
        final_url: the one that answered.
        headers: of the answer.
        content: the file.
    """
    filename = headers.get_filename()
    names = [_clean(filename)] if filename else []
    for each in (url, final_url):
        parts = urllib.parse.urlsplit(each)
        values = [value for _, value in urllib.parse.parse_qsl(parts.query)]
        names += [_clean(urllib.parse.unquote(parts.path)), *map(_clean, values)]
    names = [name for name in names if name]
    name = next((name for name in names if PurePosixPath(name).suffix[1:].isalnum()), names[0] if names else "data")
    ending = "" if is_archive(Path(name)) or is_compressed(Path(name)) else sniff(content)
    return name + ending


def _clean(path: str) -> str:
    """The last part of a path, without what file systems do not like."""
    last = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", last).strip(". ")
    while len(name.encode("utf-8", "replace")) > _LONGEST:
        name = name[1:]
    return name.encode("utf-8", "replace").decode()


def refuse_web_page(content: Path, content_type: str | None, place: str) -> None:
    """Refuse the page about a file where the file is wanted.

    Args:
        content: what was fetched.
        content_type: what the server says that it is.
        place: the address, for the message.

    Raises:
        DataError: it is a web page.
    """
    if not (content_type or "").strip().lower().startswith(("text/html", "application/xhtml")):
        return
    with content.open("rb") as file:
        head = file.read(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        raise DataError(
            "this address leads to a web page, not to a file. Take the address that downloads the file itself: on GitHub "
            "that of the button 'Raw', on Hugging Face with /resolve/ in place of /blob/; or the page asks to log in",
            place,
        )
