"""Addresses of files on the web: which text is one, and how it may be shown and kept."""

from __future__ import annotations

import re
import urllib.parse

from adaseq.errors import AdaSeqError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_URL_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
# Parameters of addresses that let whoever knows them in: `private_token=…`, `X-Amz-Signature=…`.
_SECRET = re.compile(
    r"(.*[_-])?(token|secret|password|passwd|pwd|signature|sig|credentials?|jwt|auth|authorization|session|sessionid|key"
    r"|apikey|accesskey|accesskeyid)|x-(amz|goog|oss|cos)-.*",
    re.IGNORECASE,
)
HIDDEN = "***"


def is_url(text: object) -> bool:
    """Whether a text begins like an address: `https://`, but also `file://`.

    Args:
        text: any value.
    """
    return isinstance(text, str) and _URL.match(text) is not None


def check_url(url: str) -> None:
    """Refuse an address that is not fetched: only http and https are.

    Args:
        url: the address.

    Raises:
        AdaSeqError: it is of another kind, or names no host.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise AdaSeqError(f"'{redacted(url)}' is no address: {error}") from None
    if parts.scheme.lower() not in ("http", "https"):
        way_out = "; name the file by its path" if parts.scheme.lower() == "file" else ""
        raise AdaSeqError(
            f"'{redacted(url)}': data is fetched by http and https, not by '{parts.scheme.lower()}'{way_out}"
        )
    if not host or any(ord(character) <= 32 or ord(character) == 127 for character in url):
        what = "names no host" if not host else "has white space or a control character in it"
        raise AdaSeqError(f"'{redacted(url)}' is no address: it {what}")


def redacted(url: str) -> str:
    """An address without what lets people in: user name, password, and parameters such as `token` and `signature`.

    Args:
        url: the address; one without secrets comes back as it is.
    """
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return f"{url.partition('://')[0]}://…"
    host = parts.netloc.rpartition("@")[2]
    pairs = parts.query.split("&")
    kept = [pair for pair in pairs if not _SECRET.fullmatch(urllib.parse.unquote_plus(pair.partition("=")[0]))]
    if host == parts.netloc and len(kept) == len(pairs):
        return url
    return urllib.parse.urlunsplit(parts._replace(netloc=host, query="&".join(kept)))


def without_secrets(text: str, *secrets: str | None) -> str:
    """A message of a library without tokens, and with its addresses redacted.

    Args:
        text: the message.
        secrets: what must not appear in it.
    """
    for secret in filter(None, secrets):
        for form in {secret, urllib.parse.quote(secret, safe="")}:
            text = text.replace(form, HIDDEN)
    return _URL_IN_TEXT.sub(lambda match: redacted(match[0]), text)
