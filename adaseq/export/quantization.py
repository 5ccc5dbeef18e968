"""Graphs with weights of eight bits.

Weights of products have a scale for each column, and are rounded as `rounding` says. What they are multiplied with becomes
whole numbers while the graph runs, with a scale for each word (Dettmers et al. 2022, 'LLM.int8()', section 2.1): one for all of
them would leave little of most words, since a few are far larger than all others, and would let what a text gets depend on its
company in the batch. Tables of vectors have a scale for each row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.errors import AdaSeqError
from adaseq.export.rounding import Factors
from adaseq.utils.onnx_runtime import import_onnxruntime

# Smaller weights are not worth it.
_FEWEST = 1 << 12
_ZERO = 128
# So many batches show what features are.
_MOST_FEEDS = 64
_DOMAIN = "com.microsoft"

Feeds = Sequence[Mapping[str, np.ndarray]]


def quantize_int8(source: Path, target: Path, feeds: Feeds) -> None:
    """Write a graph whose large weights are whole numbers of eight bits.

    Args:
        source: the graph in float32.
        target: where to write the other one.
        feeds: what the graph was fed with for some texts; shows how large the features are that enter products.

    Raises:
        AdaSeqError: the package onnx is not installed.
    """
    try:
        import onnx

        import_onnxruntime()
    except ImportError as error:
        raise AdaSeqError("quantising needs the packages onnx and onnxruntime: pip install 'adaseq[onnx]'") from error
    model = onnx.load(str(source))
    _shrink_products(onnx, model, feeds)
    shrink_tables(onnx, model.graph)
    model.opset_import.append(onnx.helper.make_opsetid(_DOMAIN, 1))
    onnx.save(model, str(target))


def large_weight(onnx: Any, weights: Mapping[str, Any], node: Any, operator: str, place: int) -> np.ndarray | None:
    """The matrix that a node takes as an input, if it is worth to be shrunk.

    Args:
        onnx: the package.
        weights: those of the graph, by name.
        node: the node.
        operator: what the node must be.
        place: which of its inputs is meant.
    """
    weight = weights.get(node.input[place]) if node.op_type == operator else None
    if weight is None or weight.data_type != onnx.TensorProto.FLOAT or len(weight.dims) != 2:
        return None
    values: np.ndarray = onnx.numpy_helper.to_array(weight)
    return values if values.size >= _FEWEST else None


def _shrink_products(onnx: Any, model: Any, feeds: Feeds) -> None:
    """Compute products with large weights in whole numbers."""
    graph = model.graph
    weights = {each.name: each for each in graph.initializer}
    matrices: dict[str, np.ndarray] = {}
    met: dict[str, list[str]] = {}  # by the name of features, the matrices that they meet
    for node in graph.node:
        values = large_weight(onnx, weights, node, "MatMul", 1)
        if values is not None:
            matrices[node.input[1]] = values
            met.setdefault(node.input[0], []).append(node.input[1])
    # Layers that share their weights share what is made of them.
    groups = {names: Factors({name: matrices[name] for name in names}) for names in map(tuple, met.values())}
    factors = {features: groups[tuple(names)] for features, names in met.items()}
    _observe(onnx, model, factors, feeds)
    numbers = {group: number for number, group in enumerate(groups.values())}
    writer = _Writer(onnx, graph)
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in met.get(node.input[0], ()):
            writer.nodes.append(node)
            continue
        given, result = node.input[0], node.output[0]
        group = factors[given]
        whole, columns = group.rounded(node.input[1])
        group_name = f"int8.{numbers[group]}"
        matrix = f"{group_name}.{node.input[1]}"
        names = [writer.weight(f"{matrix}.whole", whole), writer.weight(f"{matrix}.scales", columns)]
        shared = writer.add(
            "Mul", [given, writer.weight(f"{group_name}.factors", 1 / group.divisors)], f"{given}.shared"
        )
        if group.is_one_sided:
            low, extent, even = writer.from_lowest_to_highest(shared)
            product = writer.product(even, names, 0, result)
            sums = writer.weight(f"{matrix}.sums", (whole.sum(0, dtype=np.float32) * columns)[None])
            shift = writer.add("MatMul", [low, sums], f"{result}.shift")
            scaled = writer.add("Mul", [product, extent], f"{result}.scaled")
            writer.add("Add", [scaled, shift], result)
        else:
            extent, even = writer.around_zero(shared)
            writer.add("Mul", [writer.product(even, names, _ZERO, result), extent], result)
    _replace_nodes(graph, writer.nodes)


class _Writer:
    """Writes the nodes of a graph anew.

    Args:
        onnx: the package.
        graph: gets the weights.

    Attributes:
        nodes: those that were written.
    """

    def __init__(self, onnx: Any, graph: Any) -> None:
        self._onnx, self._graph = onnx, graph
        self._known: set[str] = set()
        self.nodes: list[Any] = []

    def add(self, operator: str, inputs: list[str], output: str, **options: Any) -> str:
        """A node, once; the name of its output."""
        if output not in self._known:
            self._known.add(output)
            self.nodes.append(self._onnx.helper.make_node(operator, inputs, [output], name=output, **options))
        return output

    def weight(self, name: str, values: np.ndarray | np.generic) -> str:
        """A weight, once; its name."""
        if name not in self._known:
            self._known.add(name)
            self._graph.initializer.append(self._onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def around_zero(self, given: str) -> tuple[str, str]:
        """For each row the largest absolute value, and the row in numbers from 1 to 255, of which 128 stands for 0."""
        size = self.add("Abs", [given], f"{given}.size")
        extent = self._not_zero(self._of_rows("ReduceMax", size, f"{given}.largest"), given)
        even = self.add("Div", [given, extent], f"{given}.even")
        return extent, self._whole(even, 127, _ZERO, given)

    def from_lowest_to_highest(self, given: str) -> tuple[str, str, str]:
        """For each row the lowest value, how far it is to the highest one, and the row in numbers from 0 to 255."""
        high = self._of_rows("ReduceMax", given, f"{given}.highest")
        low = self._of_rows("ReduceMin", given, f"{given}.lowest")
        extent = self._not_zero(self.add("Sub", [high, low], f"{given}.range"), given)
        above = self.add("Sub", [given, low], f"{given}.above")
        even = self.add("Div", [above, extent], f"{given}.even")
        return low, extent, self._whole(even, 255, 0, given)

    def product(self, even: str, matrix: list[str], zero: int, result: str) -> str:
        """The product of whole numbers with a matrix and the scales of its columns."""
        step, place = self._grid(255 if zero == 0 else 127, zero)
        factors = [even, matrix[0], step, matrix[1], place]
        return self.add("MatMulIntegerToFloat", factors, f"{result}.even", domain=_DOMAIN)

    def _of_rows(self, operator: str, given: str, output: str) -> str:
        return self.add(operator, [given], output, axes=[-1], keepdims=1)

    def _not_zero(self, extent: str, given: str) -> str:
        return self.add("Max", [extent, self.weight("int8.tiny", np.float32(1e-30))], f"{given}.extent")

    def _whole(self, even: str, steps: int, zero: int, given: str) -> str:
        return self.add("QuantizeLinear", [even, *self._grid(steps, zero)], f"{given}.whole")

    def _grid(self, steps: int, zero: int) -> tuple[str, str]:
        """The width of a step when so many of them lead from 0 to 1, and the number that stands for 0."""
        step = self.weight(f"int8.step.{steps}", np.float32(1 / steps))
        return step, self.weight(f"int8.zero.{zero}", np.uint8(zero))


def _observe(onnx: Any, model: Any, factors: Mapping[str, Factors], feeds: Feeds) -> None:
    """Let factors see the features that enter their products while a graph runs.

    Args:
        onnx: the package.
        model: the graph.
        factors: by the name of the features.
        feeds: what to feed it with.
    """
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    known = {each.name for each in watched.graph.output}
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in factors if name not in known)
    session = import_onnxruntime().InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    # From all of them, since they are sorted by length.
    for feed in feeds[:: -(-len(feeds) // _MOST_FEEDS) or 1] if factors else ():
        for group, values in zip(factors.values(), session.run(list(factors), dict(feed)), strict=True):
            group.observe(values)


def shrink_tables(onnx: Any, graph: Any) -> None:
    """Let the rows of large tables of vectors be whole numbers, each row with a scale."""
    weights = {each.name: each for each in graph.initializer}
    nodes: list[Any] = []
    for node in graph.node:
        values = large_weight(onnx, weights, node, "Gather", 0)
        if values is None:
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
    _replace_nodes(graph, nodes)


def _replace_nodes(graph: Any, nodes: list[Any]) -> None:
    """Let a graph consist of these nodes, without the weights that none of them uses."""
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input} | {each.name for each in graph.output}
    for each in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(each)
