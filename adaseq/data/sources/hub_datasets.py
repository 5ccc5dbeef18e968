"""Data sets on Hugging Face and ModelScope, and folders that are laid out like them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from adaseq.data.sources.repository import Repository, is_only_script, of_folder
from adaseq.errors import DataError, HubError
from adaseq.utils.hub_files import DatasetHub, TransientHubError, UnreachableHubError
from adaseq.utils.urls import without_secrets

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Where Hugging Face keeps tables that it has made of data sets with a loading script.
CONVERTED = "refs/convert/parquet"
ATTEMPTS = 4
_FIRST_WAIT = 1.0

wait = time.sleep

_SCRIPT = (
    "is a loading script. Such scripts are not run any more, neither by AdaSeq nor by today's `datasets`. What replaces them is "
    "a reader plugin: a class of yours that yields the examples, named as dataset.data_type: my_module:MyReader (see "
    "docs/data_sources.md, 'Bring your own reader')"
)


def open_hub(hub: DatasetHub, name: str, revision: str | None, token: str | None) -> Repository:
    """A data set on a hub.

    Args:
        hub: the hub.
        name: `owner/name`; on Hugging Face also `name`.
        revision: a branch, tag or commit; None takes the newest.
        token: of a user who may read it.

    Raises:
        DataError: it is not there, the hub cannot be reached and nothing of it is in the cache, or it is only a script.
    """
    title = f"{name} on {hub.title}"
    try:
        files = _retried(lambda: hub.list_files(name, revision, token), title)
    except HubError as error:
        folder = hub.cached(name, revision) if isinstance(error, (UnreachableHubError, TransientHubError)) else None
        if folder is None:
            raise DataError(without_secrets(str(error), token), title) from error
        logger.warning("%s: %s; using what was fetched before.", title, error)
        return of_folder(folder)._replace(title=title)
    if is_only_script(files):
        if hub.title != "Hugging Face" or revision == CONVERTED:
            raise DataError(f"it {_SCRIPT}", title)
        try:
            return open_hub(hub, name, CONVERTED, token)
        except DataError:
            raise DataError(f"it {_SCRIPT}", title) from None

    def fetch(file: str) -> Path:
        try:
            return _retried(lambda: hub.download(name, file, revision, token), f"{title}: {file}")
        except HubError as error:
            folder = hub.cached(name, revision)
            if folder is not None and (folder / file).is_file() and isinstance(error, TransientHubError):
                logger.warning("%s: %s: %s; using the copy in the cache.", title, file, error)
                return folder / file
            raise DataError(f"{file}: {without_secrets(str(error), token)}", title) from error

    return Repository(title, files, fetch)


def open_folder(path: Path) -> Repository:
    """A local folder of tables.

    Args:
        path: the folder.

    Raises:
        DataError: it is a loading script, or a folder with nothing else.
    """
    if path.is_file():
        if path.suffix == ".py":
            raise DataError(f"this {_SCRIPT}", path)
        return Repository(str(path), [path.name], lambda _: path)
    repository = of_folder(path)
    if is_only_script(repository.files):
        raise DataError(f"what is in this folder {_SCRIPT}", path)
    return repository


def _retried(call: Callable[[], T], what: str) -> T:
    """Try again what may pass."""
    for attempt in range(1, ATTEMPTS):
        try:
            return call()
        except TransientHubError as error:
            seconds = _FIRST_WAIT * 2 ** (attempt - 1)
            logger.info("%s: %s; trying again in %g seconds", what, error, seconds)
            wait(seconds)
    return call()
