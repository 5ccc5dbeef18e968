"""Where a model is published to, as users write it: `modelscope:owner/name`."""

from __future__ import annotations

import getpass
import re
import sys
from dataclasses import dataclass

from adaseq.errors import HubError, nearest
from adaseq.hub.resolve import HUBS
from adaseq.utils.model_hubs import ModelHub

_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Target:
    """A repository on a hub.

    Args:
        hub_name: modelscope or huggingface.
        name: `owner/name`.
        revision: the branch; None for the one that models are fetched from.
    """

    hub_name: str
    name: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str, revision: str | None = None) -> Target:
        """Read `hub:owner/name`.

        Raises:
            HubError: it is written otherwise.
        """
        hub_name, colon, name = text.partition(":")
        shape = "--to takes modelscope:owner/name or huggingface:owner/name"
        if not colon:
            raise HubError(f"{shape}; received '{text}', which names no hub")
        if hub_name not in HUBS:
            raise HubError(f"{shape}; there is no hub '{hub_name}'{nearest(hub_name, HUBS)}")
        if "@" in name and revision is None:
            raise HubError(f"{shape}; the branch goes into --revision {name.partition('@')[2] or 'BRANCH'}")
        parts = name.split("/")
        if len(parts) != 2 or not all(
            _NAME.fullmatch(part) and ".." not in part and "--" not in part for part in parts
        ):
            raise HubError(
                f"{shape}; received '{name}' for owner/name. Each of the two is made of letters, digits, '-', '_' and '.', and "
                "begins and ends with a letter or digit"
            )
        if revision is not None and not re.fullmatch(r"[\w][\w./-]*", revision):
            raise HubError(f"--revision is the name of a branch; received '{revision}'")
        return cls(hub_name, name, revision)

    def __str__(self) -> str:
        return f"{self.hub_name}:{self.name}" + (f"@{self.revision}" if self.revision else "")

    @property
    def hub(self) -> ModelHub:
        """The hub."""
        return HUBS[self.hub_name]

    @property
    def branch(self) -> str:
        """The branch that is written to."""
        return self.revision or self.hub.branch


def find_token(hub: ModelHub) -> str:
    """The token of the environment, of the last login, or typed by the user; it is kept nowhere.

    Raises:
        HubError: there is none, and nobody to ask.
    """
    token = hub.saved_token()
    if not token and sys.stdin is not None and sys.stdin.isatty():
        token = getpass.getpass(f"Token for {hub.title} (it is not shown): ")
    token = (token or "").strip()
    if not token:
        raise HubError(
            f"publishing to {hub.title} takes a token with the right to write: make one in the settings of your account there "
            f"and put it into the environment variable {hub.token_variable}"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise HubError(f"the token for {hub.title} has a blank or a character that no token has; was all of it copied?")
    return token
