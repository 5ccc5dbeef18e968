"""Rows on disk, memory-mapped.

A store is one Arrow file in the cache, found by a fingerprint of all that its rows depend on and by the version of AdaSeq,
another one of which may read files or make features in another way. It is written in batches, so that memory does not grow
with the data, to a temporary file that is renamed when it is whole: two runs that write the same store do not disturb each
other, and a killed one leaves no half of it. Lists of numbers come back as numpy arrays that look into the file.
"""

from __future__ import annotations

import bisect
import contextlib
import errno
import gc
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from adaseq.errors import AdaSeqError
from adaseq.utils.cache import new_file, writable_cache
from adaseq.utils.files import atomic_write
from adaseq.version import __version__

logger = logging.getLogger(__name__)

BATCH_ROWS = 2000
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}
_IS_BOOL = {b"kind": b"bool"}


class ArrowStore:
    """Rows of named columns, read only.

    Args:
        path: the Arrow file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = pa.ipc.open_file(pa.memory_map(str(path)))
        schema = self._reader.schema
        self.metadata: dict[str, Any] = json.loads(_metadata_path(path).read_text(encoding="utf-8"))
        self._bools = {field.name for field in schema if (field.metadata or {}).get(b"kind") == b"bool"}
        counts = [self._reader.get_batch(i).num_rows for i in range(self._reader.num_record_batches)]
        self._ends = np.cumsum(counts, dtype=np.int64).tolist()
        self._columns: dict[int, dict[str, _Column]] = {}

    @classmethod
    def build(
        cls,
        fingerprint: str,
        rows: Callable[[], Iterable[Mapping[str, Any]]],
        *,
        schema: pa.Schema | None = None,
        cache_dir: Path | None = None,
        describe: Callable[[], Mapping[str, Any]] = dict,
    ) -> ArrowStore:
        """Open the store of a fingerprint; write it first if it is not in the cache.

        Args:
            fingerprint: changes whenever the rows would.
            rows: called only if they must be made; all rows have the same columns.
            schema: the types of the columns; by default those of the first rows.
            cache_dir: where stores are kept; by default `$ADASEQ_CACHE` or `~/.cache/adaseq`.
            describe: called when all rows are written; what it returns is kept as `metadata`.

        Raises:
            AdaSeqError: the disk is full.
        """
        folder = writable_cache(cache_dir)
        path = folder / f"{fingerprint}-{__version__}.arrow"
        if path.exists():
            try:
                return cls(path)
            except (pa.ArrowInvalid, OSError, ValueError):
                logger.warning("The cache file %s is damaged; making it again.", path)
        try:
            with new_file(folder, fingerprint[:16]) as unfinished:
                with _rare_collections():
                    _write(unfinished, rows(), schema)
                with atomic_write(_metadata_path(path)) as file:
                    json.dump(describe(), file, ensure_ascii=False)
                os.replace(unfinished, path)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise AdaSeqError(
                f"the disk is full: cannot write the cache in '{folder}'; free space or set ADASEQ_CACHE"
            ) from error
        return cls(path)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        batch = bisect.bisect_right(self._ends, index)
        row = index - (self._ends[batch - 1] if batch else 0)
        return {name: column[row] for name, column in self._batch(batch).items()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All rows as Python objects, a batch at a time: much quicker than one by one."""
        for number in range(self._reader.num_record_batches):
            yield from self._reader.get_batch(number).to_pylist()

    def column(self, name: str) -> np.ndarray:
        """A column of numbers, whole."""
        parts = [_numbers(self._reader.get_batch(i).column(name)) for i in range(len(self._ends))]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]

    def _batch(self, number: int) -> dict[str, _Column]:
        if number not in self._columns:
            batch = self._reader.get_batch(number)
            self._columns[number] = {
                name: _Column(batch.column(name), name in self._bools) for name in batch.schema.names
            }
        return self._columns[number]


class _Column:
    """A column of one batch: numbers and lists of numbers as numpy, all else as Python objects."""

    def __init__(self, array: pa.Array, is_bool: bool) -> None:
        self._array = array
        self._offsets: np.ndarray | None = None
        self._values: np.ndarray | None = None
        is_list = pa.types.is_list(array.type)
        inner = array.type.value_type if is_list else array.type
        if (pa.types.is_integer(inner) or pa.types.is_floating(inner)) and array.null_count == 0:
            if is_list:
                self._offsets = _numbers(array.offsets)
                array = array.values
            if array.null_count == 0:
                values = _numbers(array)
                self._values = values.view(np.bool_) if is_bool else values

    def __getitem__(self, row: int) -> Any:
        if self._values is None:
            return self._array[row].as_py()
        if self._offsets is None:
            return self._values[row].item()
        return self._values[self._offsets[row] : self._offsets[row + 1]]


def _numbers(array: pa.Array) -> np.ndarray:
    """Numbers without nulls, as they lie in memory; `to_numpy` does the same, but imports pandas where it is installed."""
    kind = np.dtype(_FLOATS.get(str(array.type), str(array.type)))
    values = array.buffers()[1]
    return (
        np.empty(0, kind) if values is None else np.frombuffer(values, kind)[array.offset : array.offset + len(array)]
    )


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Rows by the million are no cycles: looking for these among them as often as Python does takes a fifth of the time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _metadata_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _write(path: Path, rows: Iterable[Mapping[str, Any]], schema: pa.Schema | None) -> None:
    with pa.OSFile(str(path), "wb") as sink:
        writer = None
        try:
            for batch in _record_batches(rows, schema):
                if writer is None:
                    schema = batch.schema
                    writer = pa.ipc.new_file(sink, schema)
                writer.write_batch(batch)
        finally:
            (writer or pa.ipc.new_file(sink, schema or pa.schema([]))).close()


def _record_batches(rows: Iterable[Mapping[str, Any]], schema: pa.Schema | None) -> Iterator[pa.RecordBatch]:
    pending: list[Mapping[str, Any]] = []
    for row in rows:
        pending.append(row)
        if len(pending) == BATCH_ROWS:
            batch = _record_batch(pending, schema)
            schema = batch.schema
            yield batch
            pending = []
    if pending:
        yield _record_batch(pending, schema)


def _record_batch(rows: Sequence[Mapping[str, Any]], schema: pa.Schema | None) -> pa.RecordBatch:
    names = schema.names if schema is not None else list(rows[0])
    arrays, fields = [], []
    for name in names:
        values = [row[name] for row in rows]
        if isinstance(values[0], np.ndarray):
            flat = np.concatenate(values)
            metadata = _IS_BOOL if flat.dtype == np.bool_ else None
            flat = flat.view(np.uint8) if flat.dtype == np.bool_ else flat
            offsets = np.zeros(len(values) + 1, np.int32)
            np.cumsum([len(each) for each in values], out=offsets[1:])
            array = pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))
            fields.append(pa.field(name, array.type, metadata=metadata))
        else:
            array = pa.array(values, None if schema is None else schema.field(name).type)
            fields.append(pa.field(name, array.type))
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
