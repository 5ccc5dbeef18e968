"""Where data comes from, checked without looking there: the keys of a `dataset` section that name its source."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

from adaseq.config.document import Document, Place, walk
from adaseq.config.problems import listed
from adaseq.config.task_formats import format_of
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Formats
from adaseq.utils.checksums import Checksum
from adaseq.utils.urls import check_url, is_url

_WAYS = ("data_file", "path", "name")
_OF_HUBS = ("path", "name", "namespace", "access_token", "revision")
# A folder or an archive of tables is read like a data set on a hub.
_OF_REPOSITORIES = ("subset_name", "data_dir", "splits")
# What AdaSeq 0.6 handed on to the libraries that loaded a data set by its name.
_FORWARDED = {
    "trust_remote_code": "no code that comes with data is run",
    "use_streaming": "files are fetched before they are read",
    "streaming": "files are fetched before they are read",
    "download_mode": "a file is fetched anew when it has changed",
    "verification_mode": "use checksum to verify files",
    "ignore_verifications": "use checksum to verify files",
    "keep_in_memory": "data is read from the disk as it is needed",
    "num_proc": "tables are read as they are",
    "hub": "name is looked for on ModelScope, path on Hugging Face",
    "target": "the columns say what they are: see the option columns",
}
_NO_SCRIPT = (
    "a loading script is not run any more; write a reader of your own instead and name it as data_type: my_module:MyReader (see "
    "docs/data_sources.md)"
)


def complete_source(document: Document, path: Place, dataset: dict[str, Any]) -> None:
    """Fill in the format where it follows from the source, and sort out keys that AdaSeq 0.6 did not look at, or handed on.

    Args:
        document: is told what has no effect.
        path: where the section stands.
        dataset: the section, which is changed.
    """
    given = [key for key in _WAYS if dataset.get(key) is not None]
    if dataset.get("transform") is None:
        dataset.update(format_of(document.data.get("task"), dataset))
    is_table = "transform" in dataset or (given and given[0] != "data_file")
    if dataset.get("data_type") is None and is_table:
        dataset["data_type"] = Formats.TABLE
    _old_keys(document, path, dataset, given)


def check_source(document: Document, path: Place, dataset: dict[str, Any], formats: Collection[str]) -> None:
    """Check the keys of a section that say where its data is.

    Args:
        document: is told what is wrong.
        path: where the section stands.
        dataset: the section.
        formats: the names of the formats that need files.
    """
    given = [key for key in _WAYS if dataset.get(key) is not None]
    data_type = dataset.get("data_type")
    if not given and (data_type is None or data_type in formats):
        document.report(
            (*path, "data_file"),
            "is required: a mapping of train, valid and test to files, or a folder or archive that holds them; or path, a data "
            "set on Hugging Face, or name, one on ModelScope",
            at_key=True,
        )
    if data_type is None:
        misspelt = difflib.get_close_matches("data_type", map(str, dataset), n=1, cutoff=0.8)
        instead = f" (here stands '{misspelt[0]}')" if misspelt else ""
        message = f"is required{instead}: the format of the files; known: {listed(sorted(formats))}"
        document.report((*path, "data_type"), message, at_key=True)
    elif dataset.get("transform") is not None and data_type != Formats.TABLE:
        document.report(
            (*path, "transform"), f"is for tables, and data_type is '{data_type}'; leave one of them out", at_key=True
        )
    if "path" in given and "data_file" not in given and dataset.get("namespace") is not None:
        document.report(
            (*path, "namespace"), "belongs to name, the data set on ModelScope, and not to path", at_key=True
        )
    if isinstance(dataset.get("path"), str) and dataset["path"].endswith(".py"):
        document.report((*path, "path"), _NO_SCRIPT)
    for key in ("data_file", "labels"):
        for inner, value in walk(dataset.get(key)):
            _check_address(document, (*path, key, *inner), value)
    if isinstance(dataset.get("path"), str) and is_url(dataset["path"]):
        document.report((*path, "path"), "an address stands under data_file; path names a data set or a folder")
    _check_checksums(document, path, dataset)


def _old_keys(document: Document, path: Place, dataset: dict[str, Any], given: list[str]) -> None:
    if "data_file" in given:
        is_repository = dataset.get("data_type") == Formats.TABLE and isinstance(dataset["data_file"], str)
        for key in (*_OF_HUBS, *(() if is_repository else _OF_REPOSITORIES)):
            if dataset.get(key) is not None:
                document.warn((*path, key), "has no effect beside data_file")
                del dataset[key]
        return
    if not given:
        return
    if "version" in dataset and "revision" not in dataset:
        dataset["revision"] = dataset.pop("version")
        document.move((*path, "version"), (*path, "revision"))
    for key in sorted(_FORWARDED.keys() & dataset.keys()):
        document.warn((*path, key), f"has no effect: {_FORWARDED[key]}")
        del dataset[key]


def _check_address(document: Document, path: Place, value: Any) -> None:
    if is_url(value):
        try:
            check_url(value)
        except AdaSeqError as error:
            document.report(path, str(error))


def _check_checksums(document: Document, path: Place, dataset: dict[str, Any]) -> None:
    checksum, files = dataset.get("checksum"), dataset.get("data_file")
    if checksum is None:
        return
    if files is None:
        document.report((*path, "checksum"), "belongs to data_file, and there is none; see revision", at_key=True)
    elif isinstance(checksum, dict) is not isinstance(files, dict):
        shape = "for each split" if isinstance(files, dict) else "a single one"
        document.report((*path, "checksum"), f"must have the shape of data_file: {shape}", at_key=True)
    for inner, value in walk(checksum):
        if isinstance(value, str):
            try:
                Checksum.parse(value)
            except AdaSeqError as error:
                document.report((*path, "checksum", *inner), str(error))
