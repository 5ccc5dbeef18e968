"""ONNX graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from adaseq.errors import AdaSeqError, ModelError
from adaseq.utils.onnx_runtime import import_onnxruntime

Arrays = dict[str, np.ndarray]


class Graph:
    """A graph that was loaded. Threads may share it.

    Args:
        path: the file.
        threads: how many threads compute; None for one per core.

    Raises:
        AdaSeqError: onnxruntime is not installed.
        ModelError: the file is no graph.

    Attributes:
        watch: is shown what the graph is fed with.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        try:
            onnxruntime = import_onnxruntime()
        except ImportError as error:
            raise AdaSeqError(
                "an exported model needs onnxruntime, which is not installed: pip install 'adaseq[runtime]'"
            ) from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.inter_op_num_threads = 1
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has no common class for what a damaged file raises
            raise ModelError(
                f"'{path}' cannot be loaded by onnxruntime: {' '.join(str(error).split())[:300]}"
            ) from error
        self.inputs = [each.name for each in self._session.get_inputs()]
        self.watch: Callable[[Arrays], None] | None = None

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs for some arrays, of which those are fed that the graph has inputs for."""
        given = {name: arrays[name] for name in self.inputs}
        if self.watch is not None:
            self.watch(given)
        outputs: list[np.ndarray] = self._session.run(None, given)
        return outputs

    def in_parts(self, arrays: Mapping[str, np.ndarray], most: int) -> np.ndarray:
        """The first output for rows that have nothing to do with each other, as few at a time as a limit asks for.

        Args:
            arrays: with `input_ids` `(W, S)` among them, all of W rows.
            most: the most pieces at once, padding included.
        """
        rows, width = arrays["input_ids"].shape
        step = max(most // max(width, 1), 1)
        if rows <= step:
            return self(arrays)[0]
        given = {name: arrays[name] for name in self.inputs}
        parts = [{name: each[i : i + step] for name, each in given.items()} for i in range(0, rows, step)]
        return np.concatenate([self(part)[0] for part in parts])
