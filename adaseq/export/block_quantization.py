"""Graphs with weights of eight bits in blocks: hardly less exact than float32, and fast where the processor has instructions for it.

Weights are cut into blocks of 32 along the dimension that is summed over, each with a scale of its own, and so are the activations
while the graph runs: onnxruntime's `MatMulNBits` with `accuracy_level` 4. What a text gets does not depend on its company in the
batch, as it does with one scale for all activations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from adaseq.errors import AdaSeqError
from adaseq.export.quantization import large_weight, shrink_tables

BLOCK = 32
# Activations are quantised to int8, and products summed up in int32.
_ACCURACY_LEVEL = 4
_DOMAIN = "com.microsoft"


def quantize_blocks(source: Path, target: Path) -> None:
    """Write a graph whose large weights are whole numbers of eight bits, in blocks.

    Args:
        source: the graph in float32.
        target: where to write the other one.

    Raises:
        AdaSeqError: the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise AdaSeqError("quantising needs the packages onnx and onnxruntime: pip install 'adaseq[onnx]'") from error
    model = onnx.load(str(source))
    graph = model.graph
    weights = {each.name: each for each in graph.initializer}
    for node in graph.node:
        values = large_weight(onnx, weights, node, "MatMul", 1)
        if values is not None:
            _replace(onnx, graph, node, values)
    shrink_tables(onnx, graph)
    model.opset_import.append(onnx.helper.make_opsetid(_DOMAIN, 1))
    onnx.save(model, str(target))


def _replace(onnx: Any, graph: Any, node: Any, values: np.ndarray) -> None:
    """Let a product with a matrix `(K, N)` be one with blocks."""
    inner, outer = values.shape
    blocks, scales = in_blocks(values.T)
    names = [f"{node.input[1]}.blocks", f"{node.input[1]}.scales"]
    if not any(each.name == names[0] for each in graph.initializer):
        for name, array in zip(names, (blocks, scales.reshape(-1)), strict=True):
            graph.initializer.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
    options = {"K": inner, "N": outer, "bits": 8, "block_size": BLOCK, "accuracy_level": _ACCURACY_LEVEL}
    made = onnx.helper.make_node(
        "MatMulNBits", [node.input[0], *names], list(node.output), name=node.name, domain=_DOMAIN, **options
    )
    node.CopyFrom(made)


def in_blocks(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers from 1 to 255, of which 128 stands for 0, and the scale of each block.

    Args:
        rows: `(N, K)`.

    Returns:
        `(N, blocks, BLOCK)` uint8 and `(N, blocks)` float32.
    """
    count, inner = rows.shape
    padded = np.zeros((count, -(-inner // BLOCK) * BLOCK), np.float32)
    padded[:, :inner] = rows
    blocks = padded.reshape(count, -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(2), 1e-30) / 127
    return (np.round(blocks / scales[:, :, None]) + 128).astype(np.uint8), scales.astype(np.float32)
