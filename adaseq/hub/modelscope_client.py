"""The ModelScope hub: the one place that imports modelscope_hub, its light client."""

from __future__ import annotations

from pathlib import Path

from adaseq.errors import HubError


def find_cached(name: str) -> Path | None:
    """The local copy of a model, without a connection; None if there is none."""
    from modelscope_hub.compat import snapshot_download
    from modelscope_hub.errors import HubError as ClientError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (ClientError, OSError, ValueError):
        return None


def download(name: str) -> Path:
    """Fetch a model into the cache.

    Raises:
        HubError: it is not there, or the hub cannot be reached; the message is the reason alone.
    """
    from modelscope_hub.compat import snapshot_download
    from modelscope_hub.errors import HubError as ClientError

    try:
        return Path(snapshot_download(name))
    except (ClientError, OSError, ValueError) as error:
        raise HubError(" ".join(str(error).split())) from error
