"""Where the files of each split are: named one by one, or found in a folder or an archive."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from adaseq.data.sources.archives import is_archive, unpacked
from adaseq.errors import AdaSeqError, DataError, nearest

SPLITS = ("train", "valid", "test")
# What else a split is called, in keys and in file names.
ALIASES = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "dev": "valid",
    "val": "valid",
    "validation": "valid",
    "development": "valid",
    "test": "test",
    "testing": "test",
}

DataFile = str | Mapping[str, str | Sequence[str]]


def find_splits(
    data_file: DataFile, base_dirs: Sequence[Path] = (Path(),), cache_dir: Path | None = None
) -> dict[str, list[Path]]:
    """The files of each split.

    Args:
        data_file: a mapping from split to file, or to several files that follow each other; or a folder or archive with
            one file for each split; or a single file, which is the training data.
        base_dirs: where relative paths may begin; the first that leads to something wins.
        cache_dir: where archives are unpacked.

    Raises:
        DataError: files that are not there, all of them at once; or a folder in which a split has several candidates.
    """
    if isinstance(data_file, str):
        path = _existing([("dataset.data_file", data_file)], base_dirs)[0]
        if path.is_dir():
            return find_in_folder(path)
        return find_in_folder(unpacked(path, cache_dir)) if is_archive(path) else {"train": [path]}
    named: list[tuple[str, str]] = []
    splits: list[str] = []
    for key, value in data_file.items():
        if value is None:
            continue
        if key not in ALIASES:
            raise AdaSeqError(
                f"dataset.data_file has no split '{key}'{nearest(key, ALIASES) or '.'} Splits: {', '.join(SPLITS)}"
            )
        split = ALIASES[key]
        if split in splits:
            raise AdaSeqError(f"dataset.data_file names the split '{split}' twice, once as '{key}'")
        files = [value] if isinstance(value, str) else list(value)
        splits += [split] * len(files)
        named += [(f"dataset.data_file.{key}", file) for file in files]
    found: dict[str, list[Path]] = {}
    for split, path in zip(splits, _existing(named, base_dirs), strict=True):
        if path.is_dir():
            raise DataError("a file is expected for a split, and this is a folder", path)
        found.setdefault(split, []).append(path)
    return found


def find_in_folder(folder: Path) -> dict[str, list[Path]]:
    """The file of each split in a folder: the one in whose name the split's name stands as a word.

    `train.txt`, `resume_dev.conll` and `test` are found; `train.txt.bak` and `latest.txt` are not. The only subfolder of an
    otherwise empty folder, as in many archives, is looked into.

    Raises:
        DataError: there is no file for any split, or several for one.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    folders = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))]
    if not files and len(folders) == 1:
        return find_in_folder(folders[0])
    found: dict[str, list[Path]] = {}
    for path in files:
        splits = {ALIASES[word] for word in re.split(r"[\W_\d]+", path.name.lower()) if word in ALIASES}
        if len(splits) == 1 and not path.name.endswith((".bak", ".orig", ".tmp", "~", ".swp", ".md", ".json.gz.part")):
            found.setdefault(splits.pop(), []).append(path)
    for split, candidates in found.items():
        if len(candidates) > 1:
            names = ", ".join(path.name for path in candidates)
            raise DataError(
                f"several files could be the split '{split}': {names}. Name the one to use: data_file: {{{split}: …}}",
                folder,
            )
    if not found:
        names = ", ".join(path.name for path in files[:8]) or "none"
        raise DataError(f"no file here is named after a split (train, valid or dev, test); files: {names}", folder)
    return found


def _existing(named: Sequence[tuple[str, str]], base_dirs: Sequence[Path]) -> list[Path]:
    """The paths, or one error that lists all that are not there."""
    paths, missing = [], []
    for key, name in named:
        candidates = [base / Path(name).expanduser() for base in base_dirs]
        path = next((each for each in candidates if each.exists()), None)
        if path is None:
            missing.append(f"{key}: there is no file or folder '{name}'")
        else:
            paths.append(path)
    if missing:
        where = " or ".join(dict.fromkeys(f"'{base.absolute()}'" for base in base_dirs))
        raise DataError("\n".join([*missing, f"Relative paths begin in {where}."]))
    return paths
