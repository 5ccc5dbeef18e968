"""Weights of eight bits: what they stand for is near to what they were, and graphs with them compute the same, nearly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from adaseq.export.block_quantization import BLOCK, in_blocks, quantize_blocks
from adaseq.export.quantization import quantize_int8

RANDOM = np.random.default_rng(0)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Rows of a table, and a product with a matrix; one feature is far larger than the others."""
    table = RANDOM.standard_normal((200, 96)).astype(np.float32)
    table[:, 3] *= 10
    matrix = RANDOM.standard_normal((96, 80)).astype(np.float32)
    nodes = [
        onnx.helper.make_node("Gather", ["table", "ids"], ["rows"], name="rows"),
        onnx.helper.make_node("MatMul", ["rows", "matrix"], ["scores"], name="scores"),
    ]
    made = onnx.helper.make_graph(
        nodes,
        "small",
        [onnx.helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, ["B", "S"])],
        [onnx.helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["B", "S", 80])],
        [onnx.numpy_helper.from_array(table, "table"), onnx.numpy_helper.from_array(matrix, "matrix")],
    )
    model = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(tmp_path / "float.onnx"))
    return tmp_path / "float.onnx"


def scores(path: Path, ids: np.ndarray) -> Any:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"ids": ids})[0]


def similarity(left: np.ndarray, right: np.ndarray) -> float:
    return float((left * right).sum() / np.sqrt((left**2).sum() * (right**2).sum()))


@pytest.mark.parametrize("is_in_blocks", [False, True])
def test_graphs_compute_nearly_the_same(graph: Path, tmp_path: Path, is_in_blocks: bool) -> None:
    ids = RANDOM.integers(0, 200, (3, 7))
    target = tmp_path / "small.onnx"
    if is_in_blocks:
        quantize_blocks(graph, target)
    else:
        quantize_int8(graph, target, [{"ids": RANDOM.integers(0, 200, (5, 9))}])
    assert target.stat().st_size < graph.stat().st_size / 2
    before, after = scores(graph, ids), scores(target, ids)
    # Without the large feature, which alone would make all of it similar.
    large = onnx.numpy_helper.to_array(onnx.load(str(graph)).graph.initializer[1])[3]
    rest = [each - (each @ large)[..., None] * large / (large @ large) for each in (before, after)]
    assert similarity(*rest) > (0.995 if is_in_blocks else 0.97)
    assert not list(tmp_path.glob("tmp*"))


@pytest.mark.parametrize("sign", ["both", "positive"])
def test_what_a_row_gets_does_not_depend_on_its_company(graph: Path, tmp_path: Path, sign: str) -> None:
    model = onnx.load(str(graph))
    table = RANDOM.standard_normal((200, 96)).astype(np.float32)
    table = table if sign == "both" else np.abs(table)
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(table, "table"))
    onnx.save(model, str(graph))
    target = tmp_path / "small.onnx"
    quantize_int8(graph, target, [{"ids": RANDOM.integers(0, 200, (5, 9))}])
    operators = [node.op_type for node in onnx.load(str(target)).graph.node]
    assert ("ReduceMin" in operators) == (sign == "positive") and "MatMulIntegerToFloat" in operators
    ids = RANDOM.integers(0, 200, (3, 7))
    together = scores(target, ids)
    alone = np.concatenate([scores(target, ids[[number]]) for number in range(3)])
    assert np.allclose(together, alone, rtol=0, atol=1e-6 * np.abs(together).max())
    assert similarity(together, scores(graph, ids)) > 0.999


def test_blocks_stand_for_what_they_were() -> None:
    rows = RANDOM.standard_normal((5, 70)).astype(np.float32)
    rows[2] = 0
    blocks, scales = in_blocks(rows)
    assert blocks.shape == (5, 3, BLOCK) and scales.shape == (5, 3)
    restored = ((blocks.astype(np.float32) - 128) * scales[:, :, None]).reshape(5, -1)
    assert np.abs(restored[:, :70] - rows).max() <= scales.max() / 2 + 1e-6
    assert not restored[:, 70:].any() and not restored[2].any()


def test_layers_that_share_a_matrix_share_what_is_made_of_it(graph: Path, tmp_path: Path) -> None:
    model = onnx.load(str(graph))
    square = RANDOM.standard_normal((96, 96)).astype(np.float32) / 10
    model.graph.initializer[1].CopyFrom(onnx.numpy_helper.from_array(square, "matrix"))
    model.graph.node[1].output[0] = "between"
    model.graph.node.append(onnx.helper.make_node("MatMul", ["between", "matrix"], ["scores"], name="again"))
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = 96
    onnx.save(model, str(graph))
    target = tmp_path / "small.onnx"
    quantize_int8(graph, target, [{"ids": RANDOM.integers(0, 200, (5, 9))}])
    wholes = [each.name for each in onnx.load(str(target)).graph.initializer if each.name.endswith(".whole")]
    assert len(wholes) == 1
    ids = RANDOM.integers(0, 200, (3, 7))
    assert similarity(scores(target, ids), scores(graph, ids)) > 0.99
