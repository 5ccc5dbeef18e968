"""What the hubs have in common for whoever fetches or publishes a model, and what their refusals mean."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adaseq.errors import HubError
from adaseq.utils.hub_files import TransientHubError, is_passing
from adaseq.utils.urls import without_secrets

Content = Path | bytes
"""What a file to publish holds: a file here, or what was made for the hub alone."""

MODELSCOPE_OWNERS = ("damo", "iic")
"""Owners whose models are on ModelScope alone."""

_LONGEST_SAYING = 200


@dataclass(frozen=True)
class RemoteFile:
    """A file in a repository, as far as the hub says what is in it.

    Args:
        size: in bytes.
        sha256: of its content; None if the hub names it otherwise.
        git_id: the name that git gives its content; None if the hub names it otherwise.
    """

    size: int
    sha256: str | None = None
    git_id: str | None = None


class ModelHub(Protocol):
    """Models on a hub. Messages of its errors hold nothing secret.

    Attributes:
        title: the name of the hub, for messages.
        token_variable: the variable of the environment that holds a token.
        branch: the one that models are published to and fetched from unless another is named.
        default_license: what the hub notes for a new model that names no licence; None if it notes nothing.
    """

    title: str
    token_variable: str
    branch: str
    default_license: str | None

    def find_cached(self, name: str, revision: str | None = None) -> Path | None:
        """The local copy of a model at a branch, tag or commit, without a connection; None if there is none."""

    def download(self, name: str, revision: str | None = None) -> Path:
        """Fetch a model at a branch, tag or commit into the cache.

        Raises:
            HubError: it is not there, or the hub cannot be reached; the message is the reason alone.
        """

    def saved_token(self) -> str | None:
        """The token of the environment or of the last login; None if there is none."""

    def create(self, name: str, is_private: bool, license: str | None, token: str) -> bool:
        """Make a repository; one that is there is left as it is.

        Args:
            name: `owner/name`.
            is_private: whether only its owner may see it.
            license: its licence; None says nothing about it.
            token: of a user who may write.

        Returns:
            Whether it was made just now.

        Raises:
            HubError: it cannot be made.
        """

    def list_files(self, name: str, revision: str, token: str) -> dict[str, RemoteFile]:
        """The files in a repository by their paths; none if there is no such branch yet."""

    def send(
        self, name: str, revision: str, files: Mapping[str, Content], removed: Sequence[str], message: str, token: str
    ) -> None:
        """Send files and put all of them into the repository at once; large ones that have arrived before are not sent again.

        Args:
            name: `owner/name`.
            revision: the branch.
            files: what to send, by the paths in the repository.
            removed: files to remove from it.
            message: what the history of the repository says about the change.
            token: of a user who may write.

        Raises:
            HubError: it did not arrive; the repository is as it was.
        """

    def page(self, name: str) -> str:
        """The address of the page of a model."""


def refused(
    status: int | None, hub: ModelHub, name: str, *, said: str = "", wait: float | None = None, is_writing: bool = True
) -> HubError:
    """The error that says what an answer of a hub means and what to do about it.

    Args:
        status: the HTTP status; None if there was no answer.
        hub: the hub.
        name: the repository.
        said: what the hub or its client says; without secrets.
        wait: after how many seconds the hub wants to be asked again.
        is_writing: whether something was to be published; else it was to be fetched.
    """
    what = "write to" if is_writing else "read"
    again = "Run the same command again" + (": what has arrived is not sent again." if is_writing else ".")
    quoted = f" It says: {said[:_LONGEST_SAYING]}" if said else ""
    if status in (401, 403, 404) and not is_writing:
        text = (
            f"{hub.title} has no '{name}', or it is private ({status}): for a private one, put a token of a user who may "
            f"read it into the environment variable {hub.token_variable}."
        )
    elif status == 401:
        text = (
            f"{hub.title} does not accept the token (401): it is wrong, or has expired. Make a new one in the settings of "
            f"your account there, and put it into the environment variable {hub.token_variable}."
        )
    elif status == 403:
        text = (
            f"{hub.title} does not let this token write to '{name}' (403): it takes a token with the right to write, of a "
            f"user who may do so there. Is the owner '{name.partition('/')[0]}' right?{quoted}"
        )
    elif status == 404:
        text = f"{hub.title} has no '{name}' (404), or does not show it to this user.{quoted}"
    elif status in (409, 412):
        text = f"'{name}' on {hub.title} is being changed by somebody else ({status}). {again}"
    elif status == 429:
        when = f"in {wait:.0f} seconds" if wait else "in some minutes"
        text = f"{hub.title} has had too many requests from you (429). Run the same command again {when}."
    elif status is not None and status >= 500:
        text = f"{hub.title} has a fault of its own ({status}). {again.replace('again', 'again later', 1)}"
    elif status is not None:
        text = f"{hub.title} refused ({status}) to {what} '{name}'.{quoted}"
    else:
        text = f"the connection to {hub.title} broke, or could not be made{f' ({said[:_LONGEST_SAYING]})' if said else ''}. {again}"
    return (TransientHubError if is_passing(status) else HubError)(text)


def one_line(error: object, *secrets: str | None) -> str:
    """What an error of a library says, on one line and without secrets."""
    return without_secrets(" ".join(str(error).split()), *secrets)


def size_of(content: Content) -> int:
    """How many bytes a file to publish has."""
    return len(content) if isinstance(content, bytes) else os.path.getsize(content)
