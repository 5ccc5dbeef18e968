"""Networks as ONNX graphs. The exporter is PyTorch's older one: it writes one file, and needs no package but `onnx`."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.export.attention import place_inputs, use_operator
from adaseq.export.families import Plan, plan_for
from adaseq.export.recurrent import make_exportable
from adaseq.models.base import Batch, Model
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.embedders.stacked import StackedEmbedder
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from adaseq.runtime.folder import MODEL_FILE

OPSET = 17
_PIECES = ("input_ids", "attention_mask", "first_piece", "last_piece", "token_type_ids")


class _Given(Embedder):
    """Stands for a backbone whose vectors are computed by a graph of its own."""

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The vectors."""
        return tokens["vectors"]


class _Traced(nn.Module):
    """A function of nested tensors as a module of flat ones.

    Args:
        model: the module whose weights are in it.
        names: of the tensors, with slashes between the keys that lead to them.
        function: what to compute.
    """

    def __init__(self, model: nn.Module, names: Sequence[str], function: Callable[[Batch], Any]) -> None:
        super().__init__()
        self.model, self._names, self._function = model, names, function

    def forward(self, *tensors: Tensor) -> Any:
        """The outputs."""
        batch: Batch = {}
        for name, tensor in zip(self._names, tensors, strict=True):
            *keys, last = name.split("/")
            place = batch
            for key in keys:
                place = place.setdefault(key, {})
            place[last] = tensor
        return self._function(batch)


def write_graphs(model: Model, batch: Batch, has_segments: bool, folder: Path) -> tuple[Plan, dict[str, str]]:
    """Write the graphs of a model.

    Args:
        model: the model.
        batch: a batch of texts, none of them cut into windows, on the CPU.
        has_segments: whether texts may have several segments.
        folder: where.

    Returns:
        How the model is exported, and the files of backbones that have graphs of their own, by the places of their embedders.

    Raises:
        ModelError: it cannot be exported.
    """
    own = copy.deepcopy(model).eval()
    for module in own.modules():
        if isinstance(module, TransformerEmbedder):
            module.merge_adapters()
    plan = plan_for(own)
    make_exportable(own)
    use_operator(own, OPSET)
    embedder: Any = own.embedder
    if plan.is_by_word and isinstance(embedder, TransformerEmbedder):
        tokens = _tokens_of(batch["tokens"], embedder, has_segments)
        _write(own, lambda given: plan.outputs({"tokens": {"mask": None, **given}}), tokens, folder / MODEL_FILE)
        return plan, {}
    backbones = {}
    for name, backbone, tokens in _backbones(embedder, batch["tokens"]):
        file = f"backbone{'.' if name else ''}{name}.onnx"
        arrays = _tokens_of(tokens, backbone, has_segments)
        _write(backbone, lambda given, of=backbone: (of(given),), arrays, folder / file)  # type: ignore[misc]
        with torch.no_grad():
            tokens["vectors"] = backbone({key: tokens[key] for key in tokens if key != "stitch"})
        for key in _PIECES:
            tokens.pop(key, None)
        backbones[name] = file
    own.embedder = _without_backbones(embedder)
    arrays = dict(_flat({"tokens": batch["tokens"], **{name: batch[name] for name in plan.needs}}))
    _write(own, plan.outputs, arrays, folder / MODEL_FILE)
    return plan, backbones


def _tokens_of(tokens: Mapping[str, Any], backbone: TransformerEmbedder, has_segments: bool) -> dict[str, Tensor]:
    found = {name: tokens[name] for name in _PIECES if name in tokens}
    if has_segments and backbone.knows_segments:
        found.setdefault("token_type_ids", torch.zeros_like(found["input_ids"]))
    else:
        found.pop("token_type_ids", None)
    return found


def _backbones(
    embedder: Any, tokens: dict[str, Any], name: str = ""
) -> Iterator[tuple[str, TransformerEmbedder, dict[str, Any]]]:
    """The transformers in an embedder, where they are, and the tokens that they read."""
    if isinstance(embedder, TransformerEmbedder):
        yield name, embedder, tokens
    elif isinstance(embedder, StackedEmbedder):
        for number, part in enumerate(embedder.embedders):
            own = tokens.get(str(number))
            if isinstance(part, TransformerEmbedder) and not own:
                # The first backbone reads what every preprocessor encodes.
                own = tokens[str(number)] = {key: tokens[key] for key in _PIECES if key in tokens}
            yield from _backbones(part, tokens if own is None else own, f"{name}.{number}" if name else str(number))


def _without_backbones(embedder: Any) -> Any:
    if isinstance(embedder, TransformerEmbedder):
        return _Given(embedder.output_size)
    if isinstance(embedder, StackedEmbedder):
        embedder.embedders = nn.ModuleList(_without_backbones(part) for part in embedder.embedders)
    return embedder


def _flat(batch: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    for key, value in batch.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}", value


def _write(
    model: nn.Module, function: Callable[[Batch], tuple[Tensor, ...]], arrays: Mapping[str, Tensor], path: Path
) -> None:
    names = list(arrays)
    traced = _Traced(model, names, function)
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter warns of its own age, and of every number that it takes for a constant; the results are compared instead.
        warnings.simplefilter("ignore")
        outputs = traced(*arrays.values())
        output_names = [f"output_{number}" for number in range(len(outputs))]
        axes = {name: _axes(name, tensor) for name, tensor in arrays.items()}
        axes.update({name: _axes(name, tensor) for name, tensor in zip(output_names, outputs, strict=True)})
        level = logging.getLogger("torch.onnx").level
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        try:
            torch.onnx.export(
                traced,
                tuple(arrays.values()),
                str(path),
                input_names=names,
                output_names=output_names,
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
        except Exception as error:  # the exporter raises whatever the network makes it stumble over
            raise ModelError(
                f"PyTorch cannot write a {type(model).__name__} as an ONNX graph: {' '.join(str(error).split())[:400]}"
            ) from error
        finally:
            logging.getLogger("torch.onnx").setLevel(level)
    place_inputs(path)


def _axes(name: str, tensor: Tensor) -> dict[int, str]:
    return {axis: f"{name}_{axis}".replace("/", "_") for axis in range(tensor.dim())}
