"""The Hugging Face hub: the one place that imports huggingface_hub."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from adaseq.errors import HubError
from adaseq.utils.hub_files import TransientHubError, UnreachableHubError, is_passing, why_failed
from adaseq.utils.model_hubs import Content, RemoteFile, one_line, refused
from adaseq.utils.urls import without_secrets

logger = logging.getLogger(__name__)


class HuggingFaceModels:
    """Models on the Hugging Face hub; see `adaseq.utils.model_hubs.ModelHub`."""

    title = "Hugging Face"
    token_variable = "HF_TOKEN"
    branch = "main"
    default_license: str | None = None

    def find_cached(self, name: str, revision: str | None = None) -> Path | None:
        """The local copy of a model."""
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(name, revision=revision, local_files_only=True))
        except (OSError, ValueError):
            return None

    def download(self, name: str, revision: str | None = None) -> Path:
        """Fetch a model into the cache."""
        from huggingface_hub import snapshot_download

        with _translated(name, revision, None), _bars_where_somebody_watches():
            return Path(snapshot_download(name, revision=revision, endpoint=_endpoint()))

    def saved_token(self) -> str | None:
        """The token of the environment or of the last login."""
        from huggingface_hub import get_token

        return get_token()

    def create(self, name: str, is_private: bool, license: str | None, token: str) -> bool:
        """Make a repository, if it is not there; its licence stands in the model card alone."""
        from huggingface_hub import HfApi

        api = HfApi(_endpoint(), token=token)
        with _translated(name, None, token):
            if api.repo_exists(name):
                return False
            api.create_repo(name, private=is_private, exist_ok=True)
            return True

    def list_files(self, name: str, revision: str, token: str) -> dict[str, RemoteFile]:
        """The files in a repository by their paths."""
        from huggingface_hub import HfApi, RepoFile
        from huggingface_hub.errors import RevisionNotFoundError

        files = {}
        with _translated(name, revision, token):
            try:
                for entry in HfApi(_endpoint(), token=token).list_repo_tree(name, recursive=True, revision=revision):
                    if isinstance(entry, RepoFile):
                        sha256 = entry.lfs.sha256 if entry.lfs else None
                        files[entry.path] = RemoteFile(entry.size, sha256, None if entry.lfs else entry.blob_id)
            except RevisionNotFoundError:
                pass
        return files

    def send(
        self, name: str, revision: str, files: Mapping[str, Content], removed: Sequence[str], message: str, token: str
    ) -> None:
        """Send files, in one commit."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

        api = HfApi(_endpoint(), token=token)
        with (
            _translated(name, revision, token),
            _bars_where_somebody_watches(),
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", UserWarning)
            if revision != self.branch:
                api.create_branch(name, branch=revision, exist_ok=True)
            additions = [CommitOperationAdd(path, content) for path, content in files.items()]
            deletions = [CommitOperationDelete(path, is_folder=False) for path in removed]
            api.create_commit(name, [*additions, *deletions], commit_message=message, revision=revision)
        for warning in caught:
            logger.warning("%s: %s", self.title, one_line(warning.message, token))

    def page(self, name: str) -> str:
        """The address of the page of a model."""
        from huggingface_hub import HfApi

        return f"{HfApi(_endpoint()).endpoint}/{name}"


class HuggingFaceDatasets:
    """Data sets on the Hugging Face hub; see `adaseq.utils.hub_files.DatasetHub`."""

    title = "Hugging Face"

    def list_files(self, name: str, revision: str | None, token: str | None) -> list[str]:
        """The files of a data set."""
        from huggingface_hub import HfApi

        with _explained(name, revision, token):
            return list(HfApi(_endpoint(), token=token).list_repo_files(name, repo_type="dataset", revision=revision))

    def download(self, name: str, file: str, revision: str | None, token: str | None) -> Path:
        """The local copy of a file."""
        from huggingface_hub import hf_hub_download

        with _explained(name, revision, token):
            return Path(
                hf_hub_download(
                    name,
                    file,
                    repo_type="dataset",
                    revision=revision,
                    token=token,
                    endpoint=_endpoint(),
                    tqdm_class=None,
                )
            )

    def cached(self, name: str, revision: str | None) -> Path | None:
        """The folder with what was fetched before."""
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(name, repo_type="dataset", revision=revision, local_files_only=True))
        except (OSError, ValueError):
            return None


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


@contextmanager
def _translated(name: str, revision: str | None, token: str | None) -> Iterator[None]:
    """Turn what the client raises about a model into errors that users understand; with a token, something was published."""
    from huggingface_hub import errors

    hub = HuggingFaceModels()
    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise UnreachableHubError("HF_HUB_OFFLINE forbids to connect") from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"'{name}' on {hub.title} has no branch '{revision}'") from error
    except Exception as error:
        # The client wraps refusals and broken connections, and lets errors of the libraries under it through.
        chain = list(_causes(error))
        cause = next((each for each in chain if isinstance(each, errors.HfHubHTTPError)), chain[-1])
        response = getattr(cause, "response", None)
        status = response.status_code if response is not None else None
        if status is None and not _is_of_connection(chain):
            raise HubError(one_line(error, token)) from error
        wait = response.headers.get("Retry-After", "") if response is not None else ""
        said = getattr(cause, "server_message", None) or (one_line(cause, token) if response is None else "")
        seconds = float(wait) if wait.isdigit() else None
        raise refused(status, hub, name, said=said, wait=seconds, is_writing=token is not None) from error


@contextmanager
def _bars_where_somebody_watches() -> Iterator[None]:
    """Keep the client's progress bars out of logs and pipes."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if sys.stderr.isatty() or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_of_connection(chain: Sequence[BaseException]) -> bool:
    kinds = {kind.__name__ for error in chain for kind in type(error).__mro__}
    return bool(kinds & {"TransportError", "ConnectionError", "TimeoutError", "LocalEntryNotFoundError"})


@contextmanager
def _explained(name: str, revision: str | None, token: str | None) -> Iterator[None]:
    """Turn what the client raises into errors that users understand."""
    from huggingface_hub import errors

    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise UnreachableHubError("HF_HUB_OFFLINE forbids to connect") from error
    except errors.GatedRepoError as error:
        raise HubError(
            f"'{name}' is gated: ask for access on its page, then give your token as dataset.access_token: ${{TOKEN}}"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"'{name}' has no revision '{revision}'") from error
    except errors.HFValidationError as error:
        raise HubError(f"'{name}' is no name of a data set there") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if isinstance(error, errors.RepositoryNotFoundError):
            status = 404 if status == 401 and token is None else status
        reason = why_failed(status, name) or f"the hub has a problem ({status})"
        raise (TransientHubError if is_passing(status) else HubError)(reason) from error
    except Exception as error:
        # The client lets errors of the libraries under it through, and wraps them into errors of files that are missing.
        raise _connection_failure(error, token) from error


def _connection_failure(error: Exception, token: str | None) -> HubError:
    said = without_secrets(" ".join(str(error).split()), token)
    names = {kind.__name__ for kind in type(error).__mro__} | {type(error.__cause__).__name__}
    if names & {"ConnectError", "ConnectTimeout", "LocalEntryNotFoundError"}:
        return UnreachableHubError(f"no connection to the hub ({type(error.__cause__ or error).__name__})")
    return TransientHubError(said[:200] or type(error).__name__)
