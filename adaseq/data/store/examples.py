"""Examples on disk: what a split is once it was read."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa

from adaseq.data.example import Example
from adaseq.data.store.rows import ArrowStore

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


class Examples(Sequence[Example], ABC):
    """The Examples of a split. `fingerprint` stands for their content."""

    fingerprint: str

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> list[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | list[Example]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"example {index} of {len(self)}")
        return self.example(index % len(self))

    @abstractmethod
    def example(self, place: int) -> Example:
        """The example at a place, from 0 to before the length."""


class ExampleStore(Examples):
    """The Examples of a split, memory-mapped.

    Args:
        store: their rows.
        fingerprint: stands for their content.
        rows: which rows, in which order; all by default.
        moved: where files lie now that lay elsewhere when they were read.
    """

    def __init__(
        self,
        store: ArrowStore,
        fingerprint: str,
        rows: np.ndarray | None = None,
        moved: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._rows = rows
        self._moved = moved or {}
        self.fingerprint = fingerprint

    @classmethod
    def build(
        cls,
        fingerprint: str,
        examples: Callable[[], Iterable[Example]],
        cache_dir: Path | None = None,
        describe: Callable[[], Mapping[str, Any]] = dict,
        files: Sequence[Path] = (),
    ) -> ExampleStore:
        """Open or write the store of some examples; see `ArrowStore.build`.

        Args:
            fingerprint: stands for their content.
            examples: called only if they must be read.
            cache_dir: where stores are kept.
            describe: called when all are read; what it returns is kept as `metadata`.
            files: what they are read from. The same content may have been read at another place before.
        """

        def rows() -> Iterator[dict[str, Any]]:
            return map(_to_row, examples())

        def metadata() -> dict[str, Any]:
            return {**describe(), "files": [str(path) for path in files]}

        store = ArrowStore.build(fingerprint, rows, schema=_EXAMPLE, cache_dir=cache_dir, describe=metadata)
        places = zip(store.metadata["files"], map(str, files), strict=True)
        return cls(store, fingerprint, moved={old: new for old, new in places if old != new})

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

    def everything(self) -> Iterator[Example]:
        """All examples that were read, in order, also those that were not selected."""
        return map(self._to_example, self._store)

    def select(self, rows: np.ndarray) -> ExampleStore:
        """Some of the examples.

        Args:
            rows: their numbers.
        """
        chosen = rows if self._rows is None else self._rows[rows]
        digest = hashlib.sha256(self.fingerprint.encode() + np.ascontiguousarray(rows, np.int64).tobytes())
        return ExampleStore(self._store, digest.hexdigest(), chosen, self._moved)

    def __len__(self) -> int:
        return len(self._store) if self._rows is None else len(self._rows)

    def __iter__(self) -> Iterator[Example]:
        return self.everything() if self._rows is None else (self[i] for i in range(len(self)))

    def example(self, place: int) -> Example:
        """The example at a place, from 0 to before the length."""
        return self._to_example(self._store[place if self._rows is None else int(self._rows[place])])

    def _to_example(self, row: dict[str, Any]) -> Example:
        example = _to_example(row)
        for old, new in self._moved.items():
            if example.origin.startswith((f"{old}:", f"{old}/")):
                example.origin = new + example.origin.removeprefix(old)
                break
        return example


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
