"""From the `dataset` section to the files of each split and the reader for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from adaseq.data.formats.split_reader import SplitReader
from adaseq.data.formats.table import TableFormat
from adaseq.data.sources.archives import is_archive
from adaseq.data.sources.hub_datasets import open_folder, open_hub
from adaseq.data.sources.local import SPLITS, Named, find_in_folder, find_splits, locate, named_files, opened, plain
from adaseq.data.sources.repository import Repository, choose_files, of_folder
from adaseq.data.sources.transforms import read_transform
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS
from adaseq.utils.huggingface_client import HuggingFaceDatasets
from adaseq.utils.modelscope_client import ModelScopeDatasets
from adaseq.utils.urls import is_url

SOURCE_KEYS = (
    *("data_file", "data_type", "checksum", "path", "name", "namespace", "subset_name", "revision", "data_dir"),
    *("splits", "access_token", "transform"),
)
"""The keys of the `dataset` section that are read here."""

_BUILDERS = ("json", "csv", "parquet", "arrow", "text", "pandas")


class Source(NamedTuple):
    """Where data comes from, with all that is remote fetched.

    Attributes:
        block: the format that reads it, with its options.
        files: where each split lies.
    """

    block: dict[str, Any]
    files: dict[str, list[Path]]


def find_source(
    dataset: Mapping[str, Any],
    options: Mapping[str, Any],
    base_dirs: Sequence[Path] = (Path(),),
    cache_dir: Path | None = None,
) -> Source:
    """Find the data that a `dataset` section names; fetch it if need be.

    Args:
        dataset: the section.
        options: those of its keys that are options of the format.
        base_dirs: where relative paths may begin.
        cache_dir: where what is fetched and unpacked is kept.

    Raises:
        DataError: a file is missing, or cannot be had.
        AdaSeqError: the section names no source, or contradicts itself.
    """
    transform = read_transform(dataset.get("transform"))
    block = {**options, **transform, "type": reader_of(dataset)}
    if transform and options.get("columns"):
        block["columns"] = {**options["columns"], **transform["columns"]}
    reader = FORMATS.get(block["type"])
    if dataset.get("data_file") is not None:
        return _from_files(dataset, block, reader, base_dirs, cache_dir)
    if dataset.get("path") is not None:
        return _from_repository(dataset, block, reader, lambda: _at_path(dataset, base_dirs), cache_dir)
    if dataset.get("name") is not None:
        return _from_repository(dataset, block, reader, lambda: _named(dataset), cache_dir)
    if issubclass(reader, SplitReader):
        return Source(block, {split: [] for split in _splits_of(block, None)})
    raise AdaSeqError(
        "dataset names no data: give data_file (files, a folder, an archive or an address of them), path (a data set on Hugging "
        "Face, or a folder of tables) or name (a data set on ModelScope)"
    )


def reader_of(dataset: Mapping[str, Any]) -> str:
    """The name of the format in which the data of a section is read.

    Args:
        dataset: the section.

    Raises:
        AdaSeqError: it has a transform, which is for tables, and another format.
    """
    given = dataset.get("data_type")
    if dataset.get("transform") is not None and given not in (None, Formats.TABLE):
        raise AdaSeqError(f"dataset.transform is for tables, and dataset.data_type is '{given}'; leave one of them out")
    is_remote = dataset.get("data_file") is None and (dataset.get("path") or dataset.get("name"))
    return str(given or (Formats.TABLE if is_remote or dataset.get("transform") is not None else Formats.CONLL))


def _from_files(
    dataset: Mapping[str, Any], block: dict[str, Any], reader: type, base_dirs: Sequence[Path], cache_dir: Path | None
) -> Source:
    data_file, checksum = dataset["data_file"], dataset.get("checksum")
    if issubclass(reader, SplitReader):
        if isinstance(data_file, str):
            named = Named("dataset.data_file", data_file, checksum)
            place = opened(locate([named], base_dirs, cache_dir)[0], cache_dir)
            return Source(block, {split: [place] for split in _splits_of(block, place)})
        by_split = named_files(data_file, checksum)
        places = {split: locate(each, base_dirs, cache_dir) for split, each in by_split.items()}
        return Source(block, {split: [opened(path, cache_dir) for path in paths] for split, paths in places.items()})
    if issubclass(reader, TableFormat) and isinstance(data_file, str):
        place = locate([Named("dataset.data_file", data_file, checksum)], base_dirs, cache_dir)[0]
        if place.is_dir() or is_archive(place):
            return _from_repository(dataset, block, reader, lambda: of_folder(opened(place, cache_dir)), cache_dir)
    return Source(block, find_splits(data_file, base_dirs, cache_dir, checksum))


def _from_repository(
    dataset: Mapping[str, Any],
    block: dict[str, Any],
    reader: type,
    open_repository: Callable[[], Repository],
    cache_dir: Path | None,
) -> Source:
    repository = open_repository()
    if issubclass(reader, SplitReader):
        place = _whole(repository)
        return Source(block, {split: [place] for split in _splits_of(block, place)})
    is_table = issubclass(reader, TableFormat)
    # Beside `path`, the old AdaSeq called the subset `name`.
    subset = dataset.get("subset_name") or (dataset.get("name") if dataset.get("path") is not None else None)
    options: dict[str, Any] = {
        "subset": subset,
        "data_dir": dataset.get("data_dir"),
        "splits": dataset.get("splits"),
        "only_tables": is_table,
    }
    choice = choose_files(repository, **options)
    if choice.archive is not None:
        folder = opened(repository.fetch(choice.archive), cache_dir)
        if not is_table:
            found = find_in_folder(folder, f"{repository.title}, {choice.archive}")
            return Source(
                block, {split: [plain(each, split, cache_dir) for each in paths] for split, paths in found.items()}
            )
        repository = of_folder(folder)._replace(title=f"{repository.title}, {choice.archive}")
        choice = choose_files(repository, **options)
    if is_table:
        names = {**choice.class_names, **(block.get("names") or {})}
        block = {**block, "names": names} if names else block
    files = {
        split: [plain(repository.fetch(file), split, cache_dir) for file in choice.files[split]]
        for split in SPLITS
        if split in choice.files
    }
    return Source(block, files)


def _at_path(dataset: Mapping[str, Any], base_dirs: Sequence[Path]) -> Repository:
    """What `dataset.path` names: a local folder or table, or a data set on Hugging Face."""
    name = str(dataset["path"])
    if is_url(name):
        raise AdaSeqError(
            "dataset.path is the name of a data set or a folder; an address stands under dataset.data_file"
        )
    for base in base_dirs:
        path = base / Path(name).expanduser()
        if path.exists():
            return open_folder(path)
    if name.endswith(".py") or name.startswith((".", "/", "~", "\\")) or name.count("/") > 1:
        where = " or ".join(dict.fromkeys(f"'{base.absolute()}'" for base in base_dirs))
        raise DataError(f"dataset.path: there is no file or folder '{name}'; relative paths begin in {where}")
    if name in _BUILDERS:
        raise AdaSeqError(
            f"dataset.path is '{name}', which is a kind of file and no data set: name the files under dataset.data_file, with "
            "data_type: table"
        )
    return open_hub(HuggingFaceDatasets(), name, dataset.get("revision"), dataset.get("access_token"))


def _named(dataset: Mapping[str, Any]) -> Repository:
    """The data set on ModelScope that `dataset.name` names."""
    name = str(dataset["name"])
    if "/" not in name:
        name = f"{dataset.get('namespace') or 'modelscope'}/{name}"
    return open_hub(ModelScopeDatasets(), name, dataset.get("revision"), dataset.get("access_token"))


def _whole(repository: Repository) -> Path:
    """The folder of a repository, with all its files fetched."""
    root = Path()
    for file in repository.files:
        root = repository.fetch(file)
        for _ in PurePosixPath(file).parts:
            root = root.parent
    return root


def _splits_of(block: Mapping[str, Any], place: Path | None) -> list[str]:
    """The splits that a reader says there are, in the usual order."""
    reader: SplitReader = FORMATS.build(block)
    given = list(reader.splits(place))
    for split in given:
        if split not in SPLITS:
            raise DataError(
                f"{type(reader).__name__} says that there is a split '{split}'{nearest(split, SPLITS) or ';'} a split is one of "
                f"{', '.join(SPLITS)}"
            )
    if not given:
        raise DataError(f"{type(reader).__name__} finds no split", place)
    return [split for split in SPLITS if split in given]
