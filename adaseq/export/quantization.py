"""Graphs with weights of eight bits.

onnxruntime quantises activations while a graph runs, with one scale for all of a product's left side. Transformers have a few
features that are far larger than all others, so that little would be left of these. Before, each feature is therefore brought
to a similar size, and the weights that it meets are scaled the other way (Xiao et al. 2023, 'SmoothQuant', eq. 4). Tables of
vectors have a scale for each row.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.errors import AdaSeqError
from adaseq.utils.onnx_runtime import import_onnxruntime

# How much of the differences between features is moved into weights.
MIGRATION = 0.65
# Smaller weights are not worth it.
FEWEST = 1 << 12
_MOST_FEEDS = 16

Feeds = Sequence[Mapping[str, np.ndarray]]


def quantize_int8(source: Path, target: Path, feeds: Feeds) -> None:
    """Write a graph whose large weights are whole numbers of eight bits.

    Weights of products use seven of the bits and a scale for each column, so that no processor without instructions for eight
    bits overflows, and results are the same everywhere.

    Args:
        source: the graph in float32.
        target: where to write the other one.
        feeds: what the graph was fed with for some texts; decides how large features are.

    Raises:
        AdaSeqError: the package onnx is not installed.
    """
    try:
        import onnx

        import_onnxruntime()
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise AdaSeqError("quantising needs the packages onnx and onnxruntime: pip install 'adaseq[onnx]'") from error
    model = onnx.load(str(source))
    smoothed = _smooth(onnx, model, feeds)
    shrink_tables(onnx, model.graph)
    if not smoothed:
        onnx.save(model, str(target))
        return
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, _quiet():
        between = Path(folder) / "smooth.onnx"
        onnx.save(model, str(between))
        quantize_dynamic(
            between,
            target,
            op_types_to_quantize=["MatMul"],
            nodes_to_quantize=smoothed,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )


def _smooth(onnx: Any, model: Any, feeds: Feeds) -> list[str]:
    """Bring the features that meet large weights to a similar size.

    Returns:
        The names of the products with these weights.
    """
    graph = model.graph
    weights = {each.name: each for each in graph.initializer}
    products: dict[str, list[tuple[Any, np.ndarray]]] = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            values = onnx.numpy_helper.to_array(weights[node.input[1]])
            if values.ndim == 2 and values.size >= FEWEST and values.dtype == np.float32:
                products.setdefault(node.input[0], []).append((node, values))
    sizes = _sizes(onnx, model, list(products), feeds)
    place = {node.output[0]: number for number, node in enumerate(graph.node)}
    inserted: list[tuple[int, Any]] = []
    for number, (name, met) in enumerate(products.items()):
        heights = np.max([np.abs(values).max(1) for _, values in met], axis=0)
        scales = np.maximum(sizes[name], 1e-5) ** MIGRATION / np.maximum(heights, 1e-5) ** (1 - MIGRATION)
        scales = (scales / np.exp(np.log(scales).mean())).astype(np.float32)
        factor, even = f"smooth.{number}.factor", f"smooth.{number}.even"
        graph.initializer.append(onnx.numpy_helper.from_array(1 / scales, factor))
        inserted.append(
            (place.get(name, -1), onnx.helper.make_node("Mul", [name, factor], [even], name=f"smooth.{number}"))
        )
        for node, values in met:
            scaled = f"{node.input[1]}.smooth.{number}"
            if scaled not in weights:
                weights[scaled] = onnx.numpy_helper.from_array(values * scales[:, None], scaled)
                graph.initializer.append(weights[scaled])
            node.input[0], node.input[1] = even, scaled
    nodes = list(graph.node)
    for position, node in sorted(inserted, key=lambda each: -each[0]):
        nodes.insert(position + 1, node)
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    for each in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(each)
    return [node.name for met in products.values() for node, _ in met]


def _sizes(onnx: Any, model: Any, names: Sequence[str], feeds: Feeds) -> dict[str, np.ndarray]:
    """The largest absolute value of each feature of some arrays in the graph."""
    if not names:
        return {}
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    known = {each.name for each in watched.graph.output}
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names if name not in known)
    session = import_onnxruntime().InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    found: dict[str, np.ndarray] = {}
    for feed in feeds[:_MOST_FEEDS]:
        for name, values in zip(names, session.run(list(names), dict(feed)), strict=True):
            most = np.abs(values).reshape(-1, values.shape[-1]).max(0, initial=0.0)
            found[name] = np.maximum(found[name], most) if name in found else most
    return found


def shrink_tables(onnx: Any, graph: Any) -> None:
    """Let the rows of large tables of vectors be whole numbers, each row with a scale; drop weights that nothing uses any more.

    Args:
        onnx: the package.
        graph: the graph, which is changed.
    """
    weights = {each.name: each for each in graph.initializer}
    nodes: list[Any] = []
    for node in graph.node:
        weight = weights.get(node.input[0]) if node.op_type == "Gather" else None
        values = onnx.numpy_helper.to_array(weight) if weight is not None else np.empty(0)
        if values.ndim != 2 or values.size < FEWEST or values.dtype != np.float32:
            nodes.append(node)
            continue
        scales = np.maximum(np.abs(values).max(1, keepdims=True), 1e-30) / 127
        table, scale = f"{node.input[0]}.rows", f"{node.input[0]}.scales"
        if table not in weights:
            for name, array in ((table, np.round(values / scales).astype(np.int8)), (scale, scales.astype(np.float32))):
                weights[name] = onnx.numpy_helper.from_array(array, name)
                graph.initializer.append(weights[name])
        rows, floats, factors = (f"{node.output[0]}.{part}" for part in ("rows", "floats", "factors"))
        nodes += [
            onnx.helper.make_node("Gather", [table, node.input[1]], [rows], name=rows, axis=0),
            onnx.helper.make_node("Cast", [rows], [floats], name=floats, to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node("Gather", [scale, node.input[1]], [factors], name=factors, axis=0),
            onnx.helper.make_node("Mul", [floats, factors], list(node.output), name=node.name),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input} | {each.name for each in graph.output}
    for each in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(each)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the advice to run a tool before, which would change nothing here."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
