"""Publishing a model folder: what is there already is not sent, and all that is new appears at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from adaseq.errors import HubError
from adaseq.hub.model_files import LOADER, files_to_publish, holds_secret, places_on_this_machine
from adaseq.hub.target import Target, find_token
from adaseq.utils.checksums import digest_of
from adaseq.utils.model_hubs import Content, RemoteFile, size_of
from adaseq.version import __version__

Say = Callable[[str], None]

_RISK = (
    f"warning: --with-loader publishes a program, {LOADER}. Whoever loads the model by ModelScope's pipeline with "
    "trust_remote_code=True runs what is in the repository at that time: everybody who may write to it, now or later, can "
    "run programs on the machines of its users. adaseq.load never runs it."
)


def publish(
    folder: str | os.PathLike[str],
    to: str,
    *,
    is_private: bool = True,
    message: str | None = None,
    revision: str | None = None,
    with_loader: bool = False,
    with_examples: bool = True,
    license: str | None = None,
    exclude: Sequence[str] = (),
    dry_run: bool = False,
    say: Say = print,
    warn: Say = print,
) -> str | None:
    """Publish a model folder, which is only read.

    Args:
        folder: the model folder.
        to: `modelscope:owner/name` or `huggingface:owner/name`.
        is_private: whether a new repository can be seen by its owner alone; one that is there stays as it is.
        message: what the history of the repository says; by default the version of AdaSeq.
        revision: the branch; by default the one that models are fetched from.
        with_loader: let ModelScope's pipeline load the model in a process that has not imported `adaseq.hub.modelscope`.
        with_examples: leave the examples from the training data in the model card.
        license: the licence of the model, such as `apache-2.0`.
        exclude: patterns of files to leave out.
        dry_run: only say which files there are; no connection is made and no token needed.
        say: is told what is done.
        warn: is told what the user should know.

    Returns:
        The address of the page of the model; None for a dry run.

    Raises:
        ModelError: it is no model folder.
        HubError: the folder cannot be published, or the hub refused; the repository is as it was.
    """
    target = Target.parse(to, revision)
    if with_loader and target.hub_name != "modelscope":
        raise HubError(f"--with-loader is for ModelScope's pipelines; {target.hub.title} has no use for it")
    path = Path(folder)
    files, left_out = files_to_publish(
        path,
        str(target),
        with_loader=with_loader,
        with_examples=with_examples,
        license=license,
        exclude=exclude,
    )
    for place in places_on_this_machine(path):
        warn(f"warning: configuration.json names '{place}', a place on this machine; the model will not load elsewhere")
    if with_loader:
        warn(_RISK)
    if dry_run:
        _show_dry_run(target, is_private, files, left_out, say)
        return None
    return _send(target, is_private, files, message, license, say, warn)


def _send(
    target: Target,
    is_private: bool,
    files: Mapping[str, Content],
    message: str | None,
    license: str | None,
    say: Say,
    warn: Say,
) -> str:
    hub = target.hub
    token = find_token(hub)
    leaking = holds_secret(files, token)
    if leaking:
        raise HubError(f"the token itself stands in {', '.join(leaking)}; take it out before anything is published")
    is_new = hub.create(target.name, is_private, license, token)
    say(
        f"{target}, branch {target.branch}: {_visibility(is_private) if is_new else 'is there; who may see it stays so'}"
    )
    if is_new and license is None and hub.default_license:
        warn(f"{hub.title} notes the licence {hub.default_license} for the new model; --license names another")
    pending, removed = _plan(files, hub.list_files(target.name, target.branch, token), say)
    address = hub.page(target.name)
    if not pending and not removed:
        say(f"Nothing to send, all of it is there: {address}")
        return address
    hub.send(target.name, target.branch, pending, removed, message or f"Publish with AdaSeq {__version__}", token)
    total = sum(map(size_of, pending.values()))
    say(f"Published {_count(len(pending))}, {_size(total)}: {address}")
    say(f'Load it with adaseq.load("{target}")')
    return address


def _plan(
    files: Mapping[str, Content], there: Mapping[str, RemoteFile], say: Say
) -> tuple[dict[str, Content], list[str]]:
    """What is to be sent and what removed, each file named with its state."""
    pending = {}
    for name, content in files.items():
        state = "new" if name not in there else "unchanged" if _is_same(content, there[name]) else "changed"
        say(_line(state, name, size_of(content)))
        if state != "unchanged":
            pending[name] = content
    # Without the loader in the folder, one from an earlier time would still be run by whoever trusts the repository.
    removed = [LOADER] if LOADER in there and LOADER not in files else []
    for name in removed:
        say(_line("removed", name, there[name].size))
    others = sorted(there.keys() - files.keys() - {LOADER, ".gitattributes", ".gitignore"})
    if others:
        say(
            f"  not in the folder, and left in the repository: {', '.join(others[:10])}{' …' if len(others) > 10 else ''}"
        )
    return pending, removed


def _is_same(content: Content, remote: RemoteFile) -> bool:
    """Whether a hub says that it holds just this; if it cannot be told, it does not."""
    if size_of(content) != remote.size:
        return False
    if remote.sha256:
        return digest_of(content) == remote.sha256
    if remote.git_id:
        data = content if isinstance(content, bytes) else content.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() == remote.git_id
    return False


def _show_dry_run(
    target: Target, is_private: bool, files: Mapping[str, Content], left_out: Sequence[str], say: Say
) -> None:
    say(f"{target}, branch {target.branch}: would be {_visibility(is_private)} if it is new")
    for name, content in files.items():
        say(_line("send", name, size_of(content)))
    for name in left_out:
        say(f"  left out                {name}")
    total = sum(map(size_of, files.values()))
    say(f"{_count(len(files))}, {_size(total)}; those that are there already would not be sent. Nothing was sent.")


def _visibility(is_private: bool) -> str:
    return "private" if is_private else "public"


def _line(state: str, name: str, size: int) -> str:
    return f"  {state:<10}{_size(size):>10}  {name}"


def _count(number: int) -> str:
    return f"{number} {'file' if number == 1 else 'files'}"


def _size(count: float) -> str:
    """A number of bytes for people: `12.3 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
