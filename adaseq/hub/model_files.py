"""What of a model folder is published, and what keeps a folder from being published."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adaseq.errors import HubError
from adaseq.models.model_card import EXAMPLES, LABELS, PLACE, model_card
from adaseq.utils.model_hubs import Content

CONFIGURATION, CARD, WEIGHTS = "configuration.json", "README.md", "model.safetensors"
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
        HubError: it is no model folder of today, is not whole, or holds code.
    """
    configuration = _read_configuration(folder)
    files: dict[str, Content] = {}
    left_out = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            continue
        is_hidden = any(part.startswith(".") for part in name.split("/"))
        if is_hidden or not path.is_file() or any(_matches(name, pattern) for pattern in (*_NEVER, *exclude)):
            left_out.append(name)
        else:
            files[name] = path
    _check_whole(folder, files)
    card = (folder / CARD).read_text(encoding="utf-8") if CARD in files else _card(configuration)
    if not with_examples:
        card = _without_examples(card)
    files[CARD] = _with_license(card.replace(PLACE, place), license).encode("utf-8")
    if with_loader:
        files[CONFIGURATION] = _allowing_loader(configuration)
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
    found = []

    def visit(value: Any) -> None:
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            visit(each)
        if isinstance(value, str) and os.path.isabs(value):
            found.append(value)

    visit(_read_configuration(folder))
    return sorted(set(found))


def _read_configuration(folder: Path) -> dict[str, Any]:
    file = folder / CONFIGURATION
    if not folder.is_dir():
        raise HubError(f"there is no folder '{folder}'. Give that of a model: output_best/ in the folder of a run.")
    if not file.is_file():
        inside = folder / "output_best"
        hint = f"; the model of this run is in '{inside}'" if (inside / CONFIGURATION).is_file() else ""
        raise HubError(f"'{folder}' is not a model folder: it has no {CONFIGURATION}{hint}")
    try:
        configuration = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise HubError(f"'{file}' cannot be read as JSON: {error}") from None
    if not isinstance(configuration, dict) or not {"task", "model", "preprocessor"} <= configuration.keys():
        raise HubError(f"'{file}' was not written by AdaSeq: it has no 'task', 'model' and 'preprocessor'")
    if "adaseq_version" not in configuration:
        raise HubError(
            f"'{folder}' was written by AdaSeq 0.6, whose folders make other programs install and run code. Make one of "
            f"today's of it first: adaseq migrate {folder} -o NEW_FOLDER"
        )
    for key in ("plugins", "allow_remote"):
        if key in configuration:
            raise HubError(
                f"'{file}' has the key '{key}', which makes other programs run code when they load the model; take it out. "
                "(--with-loader adds what ModelScope needs, and leaves the folder as it is.)"
            )
    return configuration


def _check_whole(folder: Path, files: Mapping[str, Content]) -> None:
    code = [name for name in files if name.endswith((".py", ".so", ".sh")) or name == "requirements.txt"]
    if code:
        raise HubError(
            f"'{folder}' holds what other programs may run: {', '.join(code[:5])}. A model needs no code; move it away, or "
            "leave it out with --exclude."
        )
    unsafe = [name for name in files if name.endswith((".pkl", ".pickle", ".bin", ".pth", ".pt", ".ckpt"))]
    if unsafe:
        raise HubError(
            f"'{folder}' holds pickled data, which can run code when it is read: {', '.join(unsafe[:5])}. A model folder does "
            f"not need it beside {WEIGHTS}; move it away, or leave it out with --exclude."
        )
    weights = files.get(WEIGHTS)
    if not isinstance(weights, Path):
        raise HubError(f"'{folder}' has no {WEIGHTS}: without its weights a model is of no use")
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
