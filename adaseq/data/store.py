"""Rows on disk, memory-mapped: the one module that imports pyarrow.

A store is one Arrow file in the cache, found by a fingerprint of all that its rows depend on. It is written in batches, so
that memory does not grow with the data, to a temporary file that is renamed when it is whole: two runs that write the same
store do not disturb each other, and a killed one leaves no half of it. Lists of numbers come back as numpy arrays that
look into the file.
"""

from __future__ import annotations

import bisect
import contextlib
import errno
import gc
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError, DataError
from adaseq.utils.cache import writable_cache
from adaseq.utils.files import atomic_write

logger = logging.getLogger(__name__)

_BATCH_ROWS = 2000
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
        path = folder / f"{fingerprint}.arrow"
        if path.exists():
            try:
                return cls(path)
            except (pa.ArrowInvalid, OSError, ValueError):
                logger.warning("The cache file %s is damaged; making it again.", path)
        handle, name = tempfile.mkstemp(prefix=f".{fingerprint[:16]}-", dir=folder)
        os.close(handle)
        try:
            with _rare_collections():
                _write(Path(name), rows(), schema)
            with atomic_write(_metadata_path(path)) as file:
                json.dump(describe(), file, ensure_ascii=False)
            os.replace(name, path)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise AdaSeqError(
                    f"the disk is full: cannot write the cache in '{folder}'; free space or set ADASEQ_CACHE"
                ) from error
            raise
        finally:
            Path(name).unlink(missing_ok=True)
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
        if len(pending) == _BATCH_ROWS:
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


def read_table(path: Path) -> tuple[dict[str, str], Iterator[dict[str, Any]]]:
    """The rows of a Parquet or Arrow file, and what its schema says beside the types.

    Args:
        path: the file; Arrow in its file format or as a stream.

    Raises:
        DataError: it is damaged, or no such file.
    """
    with _damage_reported(path):
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        if is_parquet:
            from pyarrow import parquet

            table = parquet.ParquetFile(path)
            schema, batches = table.schema_arrow, table.iter_batches(_BATCH_ROWS)
        else:
            schema, batches = _arrow_batches(path)
        notes = {k.decode(): v.decode() for k, v in (schema.metadata or {}).items()}

    def rows() -> Iterator[dict[str, Any]]:
        with _damage_reported(path):
            for batch in batches:
                batch.validate(full=True)  # a damaged file could otherwise lead outside the memory of the process
                yield from batch.to_pylist()

    return notes, rows()


@contextlib.contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    try:
        yield
    except AdaSeqError:
        raise
    except Exception as error:
        # In a damaged file pyarrow stumbles over whatever is there: text that is none, types that it cannot make, …
        raise DataError(f"cannot be read: {str(error).partition(chr(10))[0]}", path) from error


def _arrow_batches(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    source = pa.memory_map(str(path))
    try:
        reader = pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        stream = pa.ipc.open_stream(source)
        return stream.schema, iter(stream)
    return reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches))


_EXAMPLE = pa.schema(
    [
        ("id", pa.string()),
        ("tokens", pa.list_(pa.string())),
        ("span_bounds", pa.list_(pa.int32())),
        ("span_types", pa.list_(pa.string())),
        ("mask", pa.list_(pa.bool_())),
        ("text", pa.string()),
        ("offsets", pa.list_(pa.int32())),
        ("origin", pa.string()),
        ("extra", pa.string()),
    ]
)
_MORE = ("allowed", "types", "candidates", "parts")


class Examples(Sequence[Example]):
    """The Examples of a split. `fingerprint` stands for their content."""

    fingerprint: str


class ExampleStore(Examples):
    """The Examples of a split, memory-mapped.

    Args:
        store: their rows.
        fingerprint: stands for their content.
        rows: which rows, in which order; all by default.
    """

    def __init__(self, store: ArrowStore, fingerprint: str, rows: np.ndarray | None = None) -> None:
        self._store = store
        self._rows = rows
        self.fingerprint = fingerprint

    @classmethod
    def build(
        cls,
        fingerprint: str,
        examples: Callable[[], Iterable[Example]],
        cache_dir: Path | None = None,
        describe: Callable[[], Mapping[str, Any]] = dict,
    ) -> ExampleStore:
        """Open or write the store of some examples; see `ArrowStore.build`."""

        def rows() -> Iterator[dict[str, Any]]:
            return map(_to_row, examples())

        store = ArrowStore.build(fingerprint, rows, schema=_EXAMPLE, cache_dir=cache_dir, describe=describe)
        return cls(store, fingerprint)

    @property
    def metadata(self) -> dict[str, Any]:
        """What was noted when the examples were read."""
        return self._store.metadata

    @property
    def is_selection(self) -> bool:
        """Whether these are only some of the examples that were read."""
        return self._rows is not None

    @property
    def rows(self) -> np.ndarray | None:
        """Which of the examples that were read these are; None if all."""
        return self._rows

    @property
    def whole(self) -> ExampleStore:
        """All examples that were read."""
        return self if self._rows is None else ExampleStore(self._store, self.fingerprint)

    def select(self, rows: np.ndarray) -> ExampleStore:
        """Some of the examples.

        Args:
            rows: their numbers.
        """
        chosen = rows if self._rows is None else self._rows[rows]
        digest = hashlib.sha256(self.fingerprint.encode() + np.ascontiguousarray(rows, np.int64).tobytes())
        return ExampleStore(self._store, digest.hexdigest(), chosen)

    def __len__(self) -> int:
        return len(self._store) if self._rows is None else len(self._rows)

    def __iter__(self) -> Iterator[Example]:
        if self._rows is None:
            return map(_to_example, self._store)
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> list[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | list[Example]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"example {index} of {len(self)}")
        place = index % len(self)
        return _to_example(self._store[place if self._rows is None else int(self._rows[place])])


def _to_row(example: Example) -> dict[str, Any]:
    spans = example.spans
    extra: dict[str, Any] = {}
    # Beside start, end and type few spans have anything.
    more = {
        str(i): {key: value for key, value in span.items() if key in _MORE}
        for i, span in enumerate(spans)
        if len(span) > 3
    }
    if more:
        extra["spans"] = more
    if example.fields:
        extra["fields"] = example.fields
    return {
        "id": example.id,
        "tokens": example.tokens,
        "span_bounds": [bound for span in spans for bound in (span["start"], span["end"])],
        "span_types": [span["type"] for span in spans],
        "mask": example.mask,
        "text": example.text,
        "offsets": None if example.offsets is None else [place for pair in example.offsets for place in pair],
        "origin": example.origin,
        "extra": json.dumps(extra, ensure_ascii=False) if extra else None,
    }


def _to_example(row: dict[str, Any]) -> Example:
    bounds = _plain(row["span_bounds"])
    spans: list[Any] = [
        {"start": start, "end": end, "type": kind}
        for start, end, kind in zip(bounds[::2], bounds[1::2], row["span_types"], strict=True)
    ]
    extra = json.loads(row["extra"]) if row["extra"] else {}
    for number, more in extra.get("spans", {}).items():
        if "parts" in more:
            more["parts"] = [(start, end) for start, end in more["parts"]]
        spans[int(number)].update(more)
    flat = None if row["offsets"] is None else _plain(row["offsets"])
    return Example(
        id=row["id"],
        tokens=row["tokens"],
        spans=spans,
        mask=row["mask"],
        text=row["text"],
        offsets=None if flat is None else list(zip(flat[::2], flat[1::2], strict=True)),
        origin=row["origin"],
        fields=extra.get("fields", {}),
    )


def _plain(numbers: np.ndarray | list[int]) -> list[int]:
    return numbers if isinstance(numbers, list) else numbers.tolist()
