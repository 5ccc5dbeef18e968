"""The ModelScope hub: the one place that imports modelscope_hub, its light client."""

from __future__ import annotations

import base64
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adaseq.errors import HubError
from adaseq.utils.checksums import digest_of
from adaseq.utils.hub_files import TransientHubError, UnreachableHubError, is_passing, why_failed
from adaseq.utils.model_hubs import Content, RemoteFile, one_line, refused, size_of
from adaseq.utils.urls import without_secrets

_DATASET = "dataset"
_MODEL = "model"
# The hub reads these itself, so they are sent as they are; of the others, large ones and weights go to its store of blobs.
_READ_BY_THE_HUB = ("README.md", "configuration.json", "config.json", ".gitattributes", ".gitignore")
_LARGE = 64 * 1024
# A blob whose transfer fails is tried again after so many seconds.
_PATIENCE = (1, 4)


class ModelScopeModels:
    """Models on ModelScope; see `adaseq.utils.model_hubs.ModelHub`.

    The client's own upload of folders prints, leaves a file in the folder, and makes a commit for each batch; its parts,
    of which this is made, do not.
    """

    title = "ModelScope"
    token_variable = "MODELSCOPE_API_TOKEN"
    branch = "master"
    default_license: str | None = "Apache-2.0"

    def find_cached(self, name: str, revision: str | None = None) -> Path | None:
        """The local copy of a model."""
        return _cached(name, _MODEL, revision)

    def download(self, name: str, revision: str | None = None) -> Path:
        """Fetch a model into the cache."""
        with _translated(name, revision, None):
            return Path(_api(name, None, _MODEL).download_repo(name, _MODEL, revision=revision, cache_dir=_cache_dir()))

    def saved_token(self) -> str | None:
        """The token of the environment or of the last login."""
        from modelscope_hub import HubConfig

        token: str | None = os.environ.get(self.token_variable) or HubConfig().load_token()
        return token

    def create(self, name: str, is_private: bool, license: str | None, token: str) -> bool:
        """Make a repository, if it is not there. The hub notes Apache-2.0 where no licence is named."""
        from modelscope_hub.errors import AlreadyExistsError

        with _translated(name, None, token):
            try:
                visibility = "private" if is_private else "public"
                _writing_api(token).create_repo(name, _MODEL, visibility=visibility, license=license)
            except AlreadyExistsError:
                return False
        return True

    def list_files(self, name: str, revision: str, token: str) -> dict[str, RemoteFile]:
        """The files in a repository by their paths."""
        from modelscope_hub.errors import NotExistError

        with _translated(name, revision, token):
            try:
                entries = _writing_api(token).list_repo_files(name, _MODEL, revision=revision)
            except NotExistError:
                return {}
        return {each.path: RemoteFile(each.size, each.sha256) for each in entries if each.type != "tree"}

    def send(
        self, name: str, revision: str, files: Mapping[str, Content], removed: Sequence[str], message: str, token: str
    ) -> None:
        """Send files, in one commit."""
        api = _writing_api(token)
        with _translated(name, revision, token):
            blobs = {path: digest_of(content) for path, content in files.items() if _is_blob(path, content)}
            self._send_blobs(api, name, {path: files[path] for path in blobs}, blobs)
            operations = [_addition(path, content, blobs.get(path)) for path, content in files.items()]
            operations += [{"action": "delete", "path": path, "type": "normal"} for path in removed]
            api.legacy.create_commit(name, _MODEL, operations, message, revision)

    def page(self, name: str) -> str:
        """The address of the page of a model."""
        return f"{_writing_api(None).legacy.endpoint}/models/{name}"

    def _send_blobs(self, api: Any, name: str, files: Mapping[str, Content], digests: Mapping[str, str]) -> None:
        """Send those that the hub does not have."""
        if not files:
            return
        objects = [{"oid": digests[path], "size": size_of(content)} for path, content in files.items()]
        places = api.legacy.validate_blobs(name, _MODEL, objects)
        sent: set[str] = set()
        for path, content in files.items():
            place = places.get(digests[path])
            if place is not None and digests[path] not in sent:
                self._send_blob(api, path, content, place)
                sent.add(digests[path])

    def _send_blob(self, api: Any, path: str, content: Content, place: str) -> None:
        from modelscope_hub.errors import NetworkError, ServerError

        for seconds in (*_PATIENCE, None):
            try:
                with _opened(path, content) as stream:
                    api.legacy.upload_blob(place, stream, size_of(content))
                return
            except (NetworkError, ServerError):
                if seconds is None:
                    raise
                time.sleep(seconds)


class ModelScopeDatasets:
    """Data sets on ModelScope; see `adaseq.utils.hub_files.DatasetHub`."""

    title = "ModelScope"

    def __init__(self) -> None:
        # Without its hash the client would take any file of that name in the cache for this one.
        self._hashes: dict[str, str | None] = {}

    def list_files(self, name: str, revision: str | None, token: str | None) -> list[str]:
        """The files of a data set."""
        with _explained(name, token):
            entries = _api(name, token).list_repo_files(name, _DATASET, revision=revision)
            self._hashes = {entry.path: entry.sha256 for entry in entries if entry.type != "tree"}
            return list(self._hashes)

    def download(self, name: str, file: str, revision: str | None, token: str | None) -> Path:
        """The local copy of a file."""
        with _explained(name, token):
            path = _api(name, token).download_file(
                name,
                _DATASET,
                file,
                revision=revision,
                cache_dir=_cache_dir(),
                expected_sha256=self._hashes.get(file),
            )
            return Path(path)

    def cached(self, name: str, revision: str | None) -> Path | None:
        """The folder with what was fetched before."""
        return _cached(name, _DATASET, revision)


def _writing_api(token: str | None) -> Any:
    from modelscope_hub import HubApi

    return HubApi(endpoint=os.environ.get("MODELSCOPE_ENDPOINT") or None, token=token)


def _is_blob(path: str, content: Content) -> bool:
    """Whether a file goes to the store of blobs, as the client of the hub decides it."""
    from modelscope_hub.constants import MODEL_LFS_SUFFIX

    size = size_of(content)
    if not size or path.rpartition("/")[2] in _READ_BY_THE_HUB:
        return False
    return size > _LARGE or Path(path).suffix.lower() in MODEL_LFS_SUFFIX


def _addition(path: str, content: Content, digest: str | None) -> dict[str, Any]:
    """What a commit says about a file."""
    whole = b"" if digest else content if isinstance(content, bytes) else content.read_bytes()
    return {
        "action": "create",
        "path": path,
        "type": "lfs" if digest else "normal",
        "size": size_of(content),
        "sha256": digest or "",
        "content": base64.b64encode(whole).decode("ascii"),
        "encoding": "" if digest else "base64",
    }


@contextmanager
def _opened(path: str, content: Content) -> Iterator[Any]:
    """A file to read from, with a progress bar where somebody is watching."""
    from tqdm import tqdm

    with io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb") as file:
        bar: dict[str, Any] = {"unit": "B", "unit_scale": True, "desc": path, "leave": False}
        with tqdm.wrapattr(file, "read", size_of(content), disable=not sys.stderr.isatty(), **bar) as watched:
            yield watched


def _api(name: str, token: str | None, kind: str = _DATASET) -> Any:
    """A client for the site that has the data set; without a token, that of the last login is used."""
    from modelscope_hub import HubApi

    endpoint = os.environ.get("MODELSCOPE_ENDPOINT") or None
    api = HubApi(endpoint=endpoint, token=token)
    if endpoint is not None:
        return api
    return HubApi(endpoint=api.resolve_endpoint_for_read(name, repo_type=kind), token=token)


def _cached(name: str, kind: str, revision: str | None) -> Path | None:
    from modelscope_hub import HubApi
    from modelscope_hub.errors import HubError as ClientError

    try:
        found = HubApi().download_repo(name, kind, revision=revision, cache_dir=_cache_dir(), local_files_only=True)
    except (ClientError, OSError, ValueError):
        return None
    return Path(found)


def _cache_dir() -> str | None:
    return os.environ.get("MODELSCOPE_CACHE") or None


@contextmanager
def _translated(name: str, revision: str | None, token: str | None) -> Iterator[None]:
    """Turn what the client raises about a model into errors that users understand; with a token, something was published."""
    from modelscope_hub import errors

    hub = ModelScopeModels()
    try:
        yield
    except errors.APIError as error:
        # What the hub means stands in the body of its answer; its status may be a plain 400.
        kinds = ((errors.AuthenticationError, 401), (errors.PermissionDeniedError, 403), (errors.NotExistError, 404))
        status = next((number for kind, number in kinds if isinstance(error, kind)), error.status_code or 400)
        wait = getattr(error, "retry_after", None)
        said = one_line(error.message, token)
        raise refused(status, hub, name, said=said, wait=wait, is_writing=token is not None) from error
    except (errors.NetworkError, ConnectionError, TimeoutError) as error:
        raise refused(None, hub, name, said=_kind_of_break(error), is_writing=token is not None) from error
    except (errors.HubError, OSError, ValueError) as error:
        raise HubError(one_line(error, token)) from error


def _kind_of_break(error: BaseException) -> str:
    """What broke a connection, without the addresses that the client's messages are full of."""
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__


@contextmanager
def _explained(name: str, token: str | None) -> Iterator[None]:
    """Turn what the client raises into errors that users understand."""
    from modelscope_hub import errors

    try:
        yield
    except errors.NetworkError as error:
        raise UnreachableHubError("no connection to the hub") from error
    except (errors.HubError, OSError, ValueError) as error:
        status = getattr(error, "status_code", None)
        if status is None:
            status = getattr(getattr(error, "response", None), "status_code", None)
        if status is None and isinstance(error, errors.APIError):
            status = 404 if isinstance(error, errors.NotExistError) else 400
        said = without_secrets(" ".join(str(error).split()), token)[:200]
        reason = why_failed(status, name) or (f"the hub has a problem ({status})" if status else said)
        raise (TransientHubError if is_passing(status) else HubError)(reason) from error
