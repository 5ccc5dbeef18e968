"""What the hubs of models and data sets have in common: a repository of files, fetched one by one, and why that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from adaseq.errors import HubError


class TransientHubError(HubError):
    """A failure that may pass: too many requests, a fault of the server, a connection that broke."""


class UnreachableHubError(HubError):
    """No connection to the hub, or none allowed."""


class DatasetHub(Protocol):
    """Data sets on a hub. Messages of errors are the reason alone, without anything secret."""

    title: str

    def list_files(self, name: str, revision: str | None, token: str | None) -> list[str]:
        """The files of a data set.

        Args:
            name: `owner/name`.
            revision: a branch, tag or commit; None takes the newest.
            token: of a user who may read it; by default that of the environment or of the last login.

        Raises:
            HubError: it is not there, or the hub cannot be reached.
        """

    def download(self, name: str, file: str, revision: str | None, token: str | None) -> Path:
        """The local copy of a file, fetched if it is not there or has changed.

        Args:
            name: `owner/name`.
            file: its path in the repository.
            revision: a branch, tag or commit; None takes the newest.
            token: of a user who may read it.

        Raises:
            HubError: it is not there, or the hub cannot be reached.
        """

    def cached(self, name: str, revision: str | None) -> Path | None:
        """The folder with what was fetched of a data set before, without a connection; None if there is none.

        Args:
            name: `owner/name`.
            revision: a branch, tag or commit; None takes the newest.
        """


def why_failed(status: int | None, name: str) -> str | None:
    """What an HTTP status means for somebody who wants a repository; None if it says nothing special.

    Args:
        status: the status.
        name: the repository.
    """
    if status in (401, 403):
        return (
            f"access to '{name}' is denied ({status}): give a token of a user who may read it as dataset.access_token: "
            "${TOKEN}, or log in"
        )
    if status == 404:
        return f"there is no '{name}' (404); a private one is found only with dataset.access_token: ${{TOKEN}}"
    return None


def is_passing(status: int | None) -> bool:
    """Whether a failure with this HTTP status may be over soon.

    Args:
        status: the status; None for a connection that broke.
    """
    return status is None or status in (408, 425, 429) or status >= 500
