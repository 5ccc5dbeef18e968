"""Where the files of each split are: named one by one, or found in a folder or an archive, here or on the web."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from adaseq.data.sources.archives import decompressed, is_archive, is_compressed, unpacked
from adaseq.data.sources.download import fetch
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.utils.checksums import Checksum
from adaseq.utils.urls import check_url, is_url

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
Checksums = str | Mapping[str, str | Sequence[str]] | None

_LEFTOVERS = (".bak", ".orig", ".tmp", "~", ".swp", ".md", ".part", ".lock")
_SHARD = re.compile(r"(.+)-\d{5}-of-\d{5}(.*)")


class Named(NamedTuple):
    """A file or folder that a configuration names.

    Attributes:
        key: where it does.
        name: a path or an address.
        checksum: what its content must hash to.
    """

    key: str
    name: str
    checksum: str | None = None


def find_splits(
    data_file: DataFile,
    base_dirs: Sequence[Path] = (Path(),),
    cache_dir: Path | None = None,
    checksum: Checksums = None,
) -> dict[str, list[Path]]:
    """The files of each split.

    Args:
        data_file: a mapping from split to file, or to several files that follow each other; or a folder or archive with
            one file for each split; or a single file, which is the training data. A file or archive may be an address.
        base_dirs: where relative paths may begin; the first that leads to something wins.
        cache_dir: where files are fetched and archives unpacked to.
        checksum: what the content of the files must hash to, in the shape of `data_file`.

    Raises:
        DataError: files that are not there, all of them at once; or a folder in which a split has several candidates.
    """
    if isinstance(data_file, str):
        path = locate([Named("dataset.data_file", data_file, _only(checksum))], base_dirs, cache_dir)[0]
        if path.is_dir() or is_archive(path):
            found = find_in_folder(opened(path, cache_dir), path)
            return {split: [plain(each, split, cache_dir) for each in paths] for split, paths in found.items()}
        return {"train": [plain(path, "train", cache_dir)]}
    named = named_files(data_file, checksum)
    places = locate([each for files in named.values() for each in files], base_dirs, cache_dir)
    splits = [split for split, files in named.items() for _ in files]
    found = {}
    for split, path in zip(splits, places, strict=True):
        if path.is_dir():
            raise DataError("a file is expected for a split, and this is a folder", path)
        found.setdefault(split, []).append(plain(path, split, cache_dir))
    return found


def named_files(data_file: Mapping[str, str | Sequence[str]], checksum: Checksums) -> dict[str, list[Named]]:
    """What a mapping names for each split.

    Args:
        data_file: from split to file or files; splits may be called otherwise.
        checksum: from split to checksum or checksums.

    Raises:
        AdaSeqError: a split that is none, or stands twice; a checksum that belongs to nothing.
    """
    if isinstance(checksum, str):
        raise AdaSeqError(
            "dataset.checksum is a single one, but dataset.data_file names several: name them by split too"
        )
    checksums = {ALIASES.get(key, key): _listed(value) for key, value in (checksum or {}).items()}
    named: dict[str, list[Named]] = {}
    keys: dict[str, str] = {}
    for key, value in data_file.items():
        if value is None:
            continue
        if key not in ALIASES:
            raise AdaSeqError(
                f"dataset.data_file has no split '{key}'{nearest(key, ALIASES) or '.'} Splits: {', '.join(SPLITS)}"
            )
        split = ALIASES[key]
        if split in named:
            raise AdaSeqError(f"dataset.data_file names the split '{split}' twice, as '{keys[split]}' and as '{key}'")
        files = _listed(value)
        if not files:
            raise AdaSeqError(f"dataset.data_file.{key} names no file; name one, or leave it out")
        keys[split] = key
        sums = checksums.pop(split, [None] * len(files))
        if len(sums) != len(files):
            raise AdaSeqError(f"dataset.checksum.{key} has {len(sums)} checksums for {len(files)} files")
        named[split] = [Named(f"dataset.data_file.{key}", file, each) for file, each in zip(files, sums, strict=True)]
    if checksums:
        raise AdaSeqError(f"dataset.checksum names '{next(iter(checksums))}', for which dataset.data_file has no file")
    return named


def locate(named: Sequence[Named], base_dirs: Sequence[Path], cache_dir: Path | None = None) -> list[Path]:
    """The local paths of files and folders, those on the web fetched; or one error that lists all that are not there.

    Args:
        named: what to find.
        base_dirs: where relative paths may begin; the first that leads to something wins.
        cache_dir: where files are fetched to.

    Raises:
        DataError: some are not there, are no files, or are not what their checksum says.
    """
    found: list[Path | None] = []
    missing = []
    for key, name, _ in named:
        if is_url(name):
            check_url(name)
            found.append(None)
            continue
        candidates = [base / Path(name).expanduser() for base in base_dirs]
        path = next((each for each in candidates if each.exists()), None)
        if path is None:
            missing.append(f"{key}: there is no file or folder '{name}'")
        elif not (path.is_file() or path.is_dir()):
            raise DataError(
                f"{key}: '{name}' is a pipe or a device, which cannot be read twice; write the data into a file"
            )
        found.append(path)
    if missing:
        where = " or ".join(dict.fromkeys(f"'{base.absolute()}'" for base in base_dirs))
        raise DataError("\n".join([*missing, f"Relative paths begin in {where}."]))
    return [
        fetch(each.name, cache_dir, each.checksum) if path is None else _checked(path, each.checksum)
        for path, each in zip(found, named, strict=True)
    ]


def opened(path: Path, cache_dir: Path | None = None) -> Path:
    """A file or folder with nothing packed about it: an archive becomes a folder, a compressed file a file.

    Args:
        path: the file or folder.
        cache_dir: where archives are unpacked to.
    """
    if path.is_file() and is_archive(path):
        return unpacked(path, cache_dir)
    return decompressed(path, cache_dir) if path.is_file() and is_compressed(path) else path


def plain(path: Path, split: str, cache_dir: Path | None = None) -> Path:
    """The file of a split, taken out of its archive or decompressed if need be.

    Args:
        path: the file.
        split: which one is looked for in an archive of several.
        cache_dir: where archives are unpacked to.

    Raises:
        DataError: an archive has no file of the split, or several.
    """
    place = opened(path, cache_dir)
    if not place.is_dir():
        return place
    files = [each for each in sorted(place.rglob("*")) if each.is_file() and not _is_hidden(each, place)]
    if len(files) > 1:
        files = find_in_folder(place, path).get(split, [])
    if len(files) != 1:
        raise DataError(f"this archive has not one file for the split '{split}', but {len(files)}", path)
    return opened(files[0], cache_dir) if not is_archive(files[0]) else files[0]


def find_in_folder(folder: Path, archive: object = None) -> dict[str, list[Path]]:
    """The file of each split in a folder: the one in whose name the split's name stands as a word.

    `train.txt`, `resume_dev.conll` and `test` are found; `train.txt.bak` and `latest.txt` are not. Parts that are numbered
    (`train-00000-of-00002.jsonl`) belong together. The only subfolder of an otherwise empty folder, as in many archives, is
    looked into.

    Args:
        folder: the folder.
        archive: what it was unpacked from, if it was, for messages.

    Raises:
        DataError: there is no file for any split, or several for one.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    folders = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))]
    if not files and len(folders) == 1:
        return find_in_folder(folders[0], archive)
    found: dict[str, list[Path]] = {}
    for path in files:
        split = split_in(path.name)
        if split is not None and not path.name.endswith(_LEFTOVERS):
            found.setdefault(split, []).append(path)
    for split, candidates in found.items():
        if len(candidates) > 1 and not are_shards([path.name for path in candidates]):
            names = ", ".join(path.name for path in candidates)
            raise DataError(
                f"several files could be the split '{split}': {names}. Name the one to use: data_file: {{{split}: …}}",
                archive or folder,
            )
    if not found:
        names = ", ".join(path.name for path in files[:8]) or "none"
        raise DataError(
            f"no file here is named after a split (train, valid or dev, test); files: {names}", archive or folder
        )
    return found


def split_in(name: str) -> str | None:
    """The split whose name stands in the name of a file or folder as a word; None if there is none, or more than one."""
    splits = {ALIASES[word] for word in re.split(r"[\W_\d]+", name.lower()) if word in ALIASES}
    return splits.pop() if len(splits) == 1 else None


def are_shards(names: Sequence[str]) -> bool:
    """Whether files are the numbered parts of one: `train-00000-of-00002.parquet`."""
    matches = [_SHARD.fullmatch(name) for name in names]
    return len({match.groups() if match else name for match, name in zip(matches, names, strict=True)}) == 1


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _only(checksum: Checksums) -> str | None:
    if checksum is not None and not isinstance(checksum, str):
        raise AdaSeqError(
            "dataset.checksum is a mapping, but dataset.data_file is a single file: give a single checksum"
        )
    return checksum


def _checked(path: Path, checksum: str | None) -> Path:
    if checksum is not None:
        if path.is_dir():
            raise AdaSeqError(f"dataset.checksum is that of a file, and '{path}' is a folder")
        Checksum.parse(checksum).check(path)
    return path
