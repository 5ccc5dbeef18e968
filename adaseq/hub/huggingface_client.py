"""The Hugging Face hub: the one place that imports huggingface_hub."""

from __future__ import annotations

from pathlib import Path

from adaseq.errors import HubError


def find_cached(name: str) -> Path | None:
    """The local copy of a model, without a connection; None if there is none."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):
        return None


def download(name: str) -> Path:
    """Fetch a model into the cache.

    Raises:
        HubError: it is not there, or the hub cannot be reached; the message is the reason alone.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(name))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise HubError(" ".join(str(error).split())) from error
