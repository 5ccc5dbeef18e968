"""What a frozen backbone has computed, kept for the next time."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
import weakref
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from adaseq.utils.cache import writable_cache

Place = Literal["none", "cpu", "gpu", "disk"]


class VectorStorage:
    """Remembers the piece vectors of sequences, by their piece ids.

    Copies begin empty. A file on disk has no name and goes with the process.

    Args:
        place: cpu keeps them in memory, gpu on the device they were computed on, disk in a file.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._known: dict[bytes, Any] = {}
        self._file: Any = None
        self._close: Callable[[], object] | None = None

    def __len__(self) -> int:
        return len(self._known)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.place,)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        if self._close is not None:
            self._close()
        self._file = self._close = None

    def through(
        self,
        compute: Callable[[Tensor, Tensor, Tensor | None], Tensor],
        input_ids: Tensor,
        attention_mask: Tensor,
        segments: Tensor | None = None,
    ) -> Tensor:
        """What `compute` makes of sequences, computed only for those that are new.

        Args:
            compute: from piece ids, mask and segments `(W, S)` to `(W, S, …)`.
            input_ids: `(W, S)`.
            attention_mask: `(W, S)`; padding stands behind the pieces.
            segments: `(W, S)`; None if there is only one.

        Returns:
            `(W, S, …)`, zeros in padding.
        """
        lengths = attention_mask.sum(1).tolist()
        rows = input_ids.cpu().numpy()
        keys = [_key(row[:length]) for row, length in zip(rows, lengths, strict=True)]
        if segments is not None:
            kinds = segments.cpu().numpy()
            keys = [key + _key(row[:length]) for key, row, length in zip(keys, kinds, lengths, strict=True)]
        new = list({key: place for place, key in enumerate(keys) if key not in self._known}.values())
        if new:
            longest = max(lengths[place] for place in new)
            # All in one batch, as they came: what is computed alone and together is the same up to rounding.
            kinds_of_new = None if segments is None else segments[new, :longest]
            made = compute(input_ids[new, :longest], attention_mask[new, :longest], kinds_of_new)
            for row, place in zip(made, new, strict=True):
                self._known[keys[place]] = self._keep(row[: lengths[place]].detach())
        found = [self._find(self._known[key], input_ids.device) for key in keys]
        result = found[0].new_zeros(*input_ids.shape, *found[0].shape[1:])
        for target, row in zip(result, found, strict=True):
            target[: len(row)] = row
        return result

    def _keep(self, row: Tensor) -> Any:
        if self.place == "gpu":
            return row.clone()
        row = row.cpu()
        if self.place == "cpu":
            return row.clone()
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=writable_cache(), prefix="adaseq-vectors-")  # noqa: SIM115
            self._close = weakref.finalize(self, self._file.close)
        start = self._file.seek(0, os.SEEK_END)
        self._file.write(row.contiguous().view(torch.uint8).numpy().tobytes())
        self._file.flush()
        return start, tuple(row.shape), row.dtype

    def _find(self, kept: Any, device: torch.device) -> Tensor:
        if isinstance(kept, Tensor):
            return kept.to(device, non_blocking=True)
        start, shape, dtype = kept
        size = math.prod(shape) * dtype.itemsize
        content = np.frombuffer(os.pread(self._file.fileno(), size, start), np.uint8).copy()
        return torch.from_numpy(content).view(dtype).view(shape).to(device)


def _key(ids: np.ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(ids, np.int64).tobytes(), digest_size=16).digest()
