"""Parquet and Arrow files of users: read a batch of rows at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from adaseq.data.store.rows import BATCH_ROWS
from adaseq.errors import AdaSeqError, DataError


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
            schema, batches = table.schema_arrow, table.iter_batches(BATCH_ROWS)
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
