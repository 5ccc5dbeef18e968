"""Which files of a data set's repository hold which split: as its card says, or as their names do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from adaseq.data.sources.archives import is_archive, is_compressed
from adaseq.data.sources.card import Card, match_files, read_card
from adaseq.data.sources.local import SPLITS, are_shards, split_in
from adaseq.errors import DataError, nearest

TABLES = (".parquet", ".arrow", ".jsonl", ".ndjson", ".json", ".csv", ".tsv")
"""The endings of tables; of several that could be a split, the first kind is taken."""

_NO_DATA = (
    ".py",
    ".md",
    ".rst",
    ".gitattributes",
    ".gitignore",
    ".yaml",
    ".yml",
    ".toml",
    ".cff",
    ".ipynb",
    ".pdf",
    ".lock",
)
_ABOUT_DATA = (
    *("dataset_infos.json", "dataset_info.json", "dataset_dict.json", "state.json", "configuration.json"),
    *("package.json", "croissant.json", "LICENSE", "LICENSE.txt", "README", "README.txt", "requirements.txt"),
)


class Repository(NamedTuple):
    """Files with a card, on a hub or in a local folder.

    Attributes:
        title: what it is called in messages.
        files: the paths of all files.
        fetch: the local path of one of them.
    """

    title: str
    files: Sequence[str]
    fetch: Callable[[str], Path]

    def card(self) -> Card:
        """What its README says."""
        if "README.md" not in self.files:
            return read_card("")
        return read_card(self.fetch("README.md").read_text(encoding="utf-8", errors="replace"))


class Choice(NamedTuple):
    """The files to take.

    Attributes:
        files: of each split, their paths in the repository.
        class_names: the names of the numbers in their columns.
        archive: the archive that holds all splits, if there is nothing else.
    """

    files: dict[str, list[str]]
    class_names: dict[str, list[str]]
    archive: str | None = None


def of_folder(folder: Path) -> Repository:
    """A local folder as a repository.

    Args:
        folder: the folder.
    """
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return Repository(str(folder), files, lambda file: folder / file)


def choose_files(
    repository: Repository,
    *,
    subset: str | None = None,
    data_dir: str | None = None,
    splits: Mapping[str, str] | None = None,
    only_tables: bool = True,
) -> Choice:
    """Find out which files hold which split.

    Args:
        repository: the files.
        subset: one of several data sets in it.
        data_dir: a folder in it that alone is looked at.
        splits: from our names of splits to its own, where these are none that one knows: `{valid: validation_matched}`.
        only_tables: look for tables alone, not for files of any format.

    Raises:
        DataError: it cannot be found out; the message lists what there is.
    """
    card = repository.card()
    files = [file for file in repository.files if _may_be_data(file)]
    name = None
    if card.patterns and data_dir is None:
        name = card.choose(subset, repository.title)
        by_split = {split: match_files(files, each) for split, each in card.patterns[name].items()}
        rest = by_split.pop("", None)
        found = {split: each for split, each in by_split.items() if each}
        if not found and rest:
            found = _by_name(rest, only_tables, repository.title, splits)
    else:
        files = _within(files, data_dir, subset, repository.title)
        archives = [file for file in files if is_archive(Path(file))]
        tables = [file for file in files if _kind(file) in TABLES]
        if len(archives) == 1 and not tables and (only_tables or split_in(PurePosixPath(archives[0]).name) is None):
            others = [file for file in files if file not in archives and split_in(file) is not None]
            if only_tables or not others:
                return Choice({}, {}, archives[0])
        found = _by_name(files, only_tables, repository.title, splits)
    names = card.class_names.get(name or subset or "default") or (
        next(iter(card.class_names.values())) if len(card.class_names) == 1 else {}
    )
    return Choice(_renamed(found, splits or {}, repository.title), names)


def is_only_script(files: Sequence[str]) -> bool:
    """Whether there is Python code and nothing that could be data.

    Args:
        files: the paths of all files.
    """
    data = [file for file in files if _may_be_data(file) and "." in PurePosixPath(file).name]
    return not data and any(file.endswith(".py") for file in files)


def _may_be_data(file: str) -> bool:
    path = PurePosixPath(file)
    if any(part.startswith((".", "__")) for part in path.parts):
        return False
    return path.name not in _ABOUT_DATA and path.suffix.lower() not in _NO_DATA


def _kind(file: str) -> str:
    """The ending, without that of a compression."""
    path = PurePosixPath(file)
    return PurePosixPath(path.stem).suffix.lower() if is_compressed(Path(file)) else path.suffix.lower()


def _within(files: Sequence[str], data_dir: str | None, subset: str | None, title: str) -> list[str]:
    """The files of a folder and a subset."""
    for key, folder in (("data_dir", data_dir), ("subset_name", subset)):
        if folder is None:
            continue
        prefix = folder.strip("./").rstrip("/") + "/"
        inside = [file for file in files if file.startswith(prefix)]
        if not inside:
            folders = sorted({part for file in files for part in PurePosixPath(file).parts[:-1]})
            known = f" It has the folders {', '.join(folders)}" if folders else " It has no folders"
            raise DataError(f"dataset.{key}: there is no '{folder}'{nearest(folder, folders) or '.'}{known}", title)
        files = inside
    if subset is None and data_dir is None:
        tops = {PurePosixPath(file).parts[0] for file in files if "/" in file}
        spread = [top for top in sorted(tops) if split_in(top) is None and _has_splits(top, files)]
        if len(spread) > 1 and not any("/" not in file and split_in(file) for file in files):
            raise DataError(f"it has several subsets; name one with dataset.subset_name: {', '.join(spread)}", title)
    return list(files)


def _has_splits(folder: str, files: Sequence[str]) -> bool:
    return any(file.startswith(f"{folder}/") and _split_of(file) is not None for file in files)


def _split_of(file: str, names: Mapping[str, str] | None = None) -> str | None:
    """The split that the name of a file means, or that of the nearest folder with such a name."""
    for part in reversed(PurePosixPath(file).parts):
        for name in (names or {}).values():
            if name == part or part.startswith((f"{name}-", f"{name}.")):
                return name
        split = split_in(part)
        if split is not None:
            return split
    return None


def _by_name(
    files: Sequence[str], only_tables: bool, title: str, splits: Mapping[str, str] | None
) -> dict[str, list[str]]:
    candidates = [file for file in files if not only_tables or _kind(file) in TABLES]
    by_split: dict[str, list[str]] = {}
    for file in candidates:
        split = _split_of(file, splits)
        if split is not None:
            by_split.setdefault(split, []).append(file)
    if not by_split and candidates and (len(candidates) == 1 or are_shards(candidates)):
        return {"train": sorted(candidates)}
    if not by_split:
        kinds = f"tables ({', '.join(TABLES)})" if only_tables else "files"
        shown = ", ".join(files[:8]) or "none"
        raise DataError(
            f"it has no {kinds} that are named after a split (train, valid or validation, test); files: {shown}", title
        )
    return {split: _of_one_kind(split, each, title) for split, each in by_split.items()}


def _of_one_kind(split: str, files: list[str], title: str) -> list[str]:
    """The files of a split: those of the kind that is read best, where there are several kinds."""
    kinds = {_kind(file): file for file in files}
    best = next((kind for kind in TABLES if kind in kinds), None)
    if best is not None and len(kinds) > 1:
        files = [file for file in files if _kind(file) == best]
    names = [PurePosixPath(file).name for file in files]
    in_own_folder = len({str(PurePosixPath(file).parent) for file in files}) == 1 and split_in(
        PurePosixPath(files[0]).parent.name
    )
    if len(files) > 1 and not are_shards(names) and not in_own_folder:
        raise DataError(
            f"several files could be the split '{split}': {', '.join(sorted(files))}. Name their folder with dataset.data_dir, "
            "or the subset with dataset.subset_name",
            title,
        )
    return sorted(files)


def _renamed(found: Mapping[str, list[str]], splits: Mapping[str, str], title: str) -> dict[str, list[str]]:
    """The splits under our names."""
    renamed = {}
    for ours in SPLITS:
        theirs = splits.get(ours, ours)
        if theirs in found:
            renamed[ours] = found[theirs]
        elif ours in splits:
            raise DataError(
                f"dataset.splits.{ours}: there is no split '{theirs}'{nearest(theirs, found) or ';'} it has "
                f"{', '.join(found)}",
                title,
            )
    if not renamed:
        raise DataError(
            f"its splits are {', '.join(found)}: say which is which with dataset.splits: {{train: …, test: …}}", title
        )
    return renamed
