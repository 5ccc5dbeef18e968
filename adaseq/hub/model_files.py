"""What of a model folder is published, and what keeps a folder from being published."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adaseq.errors import HubError
from adaseq.models.configuration_file import CONFIGURATION_FILE, WEIGHTS_FILE, read_configuration
from adaseq.models.model_card import EXAMPLES, LABELS, PLACE, model_card
from adaseq.utils.model_hubs import Content

CARD = "README.md"
LOADER = "ms_wrapper.py"
# ModelScope imports it from the folder, if its user trusts the folder's code; the import registers our pipelines.
_LOADER_CODE = b"import adaseq.hub.modelscope  # noqa: F401 - registers AdaSeq's pipelines with ModelScope\n"
_NEVER = ("__pycache__", "*.pyc", "*.tmp")
_LARGEST_TEXT = 1 << 20


def files_to_publish(
    folder: Path,
    place: str,
    *,
    with_loader: bool = False,
    with_examples: bool = True,
    license: str | None = None,
    exclude: Sequence[str] = (),
) -> tuple[dict[str, Content], list[str]]:
    """The files of a model folder as they shall lie in a repository; the folder itself is only read.

    Args:
        folder: the model folder.
        place: where the published model is loaded from; stands in its card.
        with_loader: add the module by which ModelScope finds our pipelines.
        with_examples: leave the examples from the training data in the card.
        license: the licence that the card names.
        exclude: patterns of files to leave out.

    Returns:
        The files by their paths, and the paths of those that are left out.

    Raises:
        ModelError: it is no model folder.
        HubError: it is none of today, is not whole, or holds code or links that lead out of it.
    """
    configuration = _publishable_configuration(folder)
    files: dict[str, Content] = {}
    left_out = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            continue
        is_hidden = any(part.startswith(".") for part in name.split("/"))
        if is_hidden or not path.is_file() or any(_matches(name, pattern) for pattern in (*_NEVER, *exclude)):
            left_out.append(name)
        elif "\n" in name or "\r" in name:
            raise HubError(f"'{folder}' has a file with a line break in its name, {name!r}; rename it")
        else:
            files[name] = path
    _check_harmless(folder, files)
    _check_whole(folder, files)
    card = _read_card(folder / CARD) if CARD in files else _card(configuration)
    if not with_examples:
        card = _without_examples(card)
    files[CARD] = _with_license(card.replace(PLACE, place), license).encode("utf-8")
    if with_loader:
        files[CONFIGURATION_FILE] = _allowing_loader(configuration)
        files[LOADER] = _LOADER_CODE
    return dict(sorted(files.items())), left_out


def holds_secret(files: Mapping[str, Content], secret: str) -> list[str]:
    """Those of some files that a secret stands in.

    Args:
        files: the files.
        secret: such as the token that they are published with.
    """
    found = []
    for name, content in files.items():
        if isinstance(content, bytes):
            data = content
        else:
            data = content.read_bytes() if content.stat().st_size <= _LARGEST_TEXT else b""
        if secret.encode() in data:
            found.append(name)
    return found


def places_on_this_machine(folder: Path) -> list[str]:
    """The absolute paths that the configuration of a model names: who loads it elsewhere will not find them."""
    found = set()
    values: list[Any] = [read_configuration(folder)]
    while values:
        value = values.pop()
        if isinstance(value, (dict, list)):
            values += value.values() if isinstance(value, dict) else value
        elif isinstance(value, str) and os.path.isabs(value):
            found.add(value)
    return sorted(found)


def _publishable_configuration(folder: Path) -> dict[str, Any]:
    configuration = read_configuration(folder)
    if "adaseq_version" not in configuration:
        raise HubError(
            f"'{folder}' was written by AdaSeq 0.6, whose folders make other programs install and run code. Make one of "
            f"today's of it first: adaseq migrate {shlex.quote(str(folder))} -o NEW_FOLDER"
        )
    for key in ("plugins", "allow_remote"):
        if key in configuration:
            raise HubError(
                f"'{folder / CONFIGURATION_FILE}' has the key '{key}', which makes other programs run code when they load the model; "
                "take it out. (--with-loader adds what ModelScope needs, and leaves the folder as it is.)"
            )
    return configuration


def _check_harmless(folder: Path, files: Mapping[str, Content]) -> None:
    code = [name for name in files if name.lower().endswith((".py", ".so", ".sh")) or name == "requirements.txt"]
    if code:
        raise HubError(
            f"'{folder}' holds what other programs may run: {', '.join(code[:5])}. A model needs no code; move it away, or "
            "leave it out with --exclude."
        )
    unsafe = [name for name in files if name.lower().endswith((".pkl", ".pickle", ".bin", ".pth", ".pt", ".ckpt"))]
    if unsafe:
        raise HubError(
            f"'{folder}' holds pickled data, which can run code when it is read: {', '.join(unsafe[:5])}. A model folder does "
            f"not need it beside {WEIGHTS_FILE}; move it away, or leave it out with --exclude."
        )
    inside = folder.resolve()
    linked = [name for name in files if not (folder / name).resolve().is_relative_to(inside)]
    if linked:
        raise HubError(
            f"in '{folder}' are links to files elsewhere, whose content would be published: {', '.join(linked[:5])}. If it shall, "
            "put the files in place of the links; else leave them out with --exclude."
        )


def _check_whole(folder: Path, files: Mapping[str, Content]) -> None:
    if CONFIGURATION_FILE not in files:
        raise HubError(f"--exclude leaves out {CONFIGURATION_FILE}, without which nobody can load the model")
    weights = files.get(WEIGHTS_FILE)
    if not isinstance(weights, Path):
        raise HubError(f"'{folder}' has no {WEIGHTS_FILE}: without its weights a model is of no use")
    problem = _damage(weights)
    if problem:
        raise HubError(f"'{weights}' is damaged: {problem}. Was the disk full, or the folder copied in part?")


def _damage(weights: Path) -> str | None:
    """What is wrong with a file of weights, as far as its header and its length tell."""
    size = weights.stat().st_size
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            return f"it has {size} bytes, fewer than its beginning announces"
        try:
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return "its beginning is not that of a safetensors file"
    expected = 8 + length + max(ends, default=0)
    return None if size == expected else f"it has {size} bytes instead of {expected}"


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatch(name, pattern) or any(fnmatch.fnmatch(part, pattern) for part in name.split("/"))


def _read_card(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise HubError(f"'{file}' is not UTF-8, as the hubs need it; save it so") from None


def _card(configuration: Mapping[str, Any]) -> str:
    return model_card(configuration, (configuration["preprocessor"] or {}).get("labels") or [], None)


def _allowing_loader(configuration: Mapping[str, Any]) -> bytes:
    if "pipeline" not in configuration:
        raise HubError(
            f"--with-loader is of no use here: ModelScope has no pipeline for this model ({configuration['task']}). Publish it "
            "without, and load it with adaseq.load."
        )
    return (json.dumps({**configuration, "allow_remote": True}, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _with_license(card: str, license: str | None) -> str:
    """The card with a licence in its metadata, instead of one that is there."""
    metadata = re.match(r"---\n(.*?\n)---\n", card, re.DOTALL)
    if license is None:
        return card
    line = f"license: {json.dumps(license)}\n"
    if metadata is None:
        return f"---\n{line}---\n\n{card}"
    kept = re.sub(r"(?m)^license:.*\n(?:[ -].*\n)*", "", metadata[1])
    return f"---\n{line}{kept}---\n{card[metadata.end() :]}"


def _without_examples(card: str) -> str:
    """The card without the column of the table of labels that shows training data."""
    lines = card.split("\n")
    begin = lines.index(LABELS) if LABELS in lines else len(lines)
    column = None
    for number in range(begin + 1, len(lines)):
        if lines[number].startswith("## "):
            break
        cells = re.split(r"(?<!\\)\|", lines[number])
        if len(cells) > 2:
            titles = [cell.strip() for cell in cells]
            column = titles.index(EXAMPLES) if EXAMPLES in titles else column
            if column is not None and column < len(cells):
                lines[number] = "|".join([*cells[:column], *cells[column + 1 :]])
    return "\n".join(lines)
