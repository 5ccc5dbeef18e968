"""A model folder as an exported folder: graphs, tokenizer, decoder; written only if both predict the same."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from adaseq.data.inputs.base import InputEncoder
from adaseq.data.preprocessors.base import Preprocessor
from adaseq.data.preprocessors.whole_text import WholeTextPreprocessor
from adaseq.errors import AdaSeqError, ModelError
from adaseq.export.block_quantization import quantize_blocks
from adaseq.export.comparison import TOLERANCE, Comparison, compare
from adaseq.export.families import plan_for
from adaseq.export.graphs import write_graphs
from adaseq.export.quantization import quantize_int8
from adaseq.export.samples import samples
from adaseq.inference.predictor import Predictor
from adaseq.metainfo import Inputs
from adaseq.models.assembly import input_blocks
from adaseq.models.base import Batch
from adaseq.models.model_folder import ModelFolder, load_model_folder
from adaseq.registry import INPUTS
from adaseq.runtime.folder import DECODER_FILE, EXPORT_FILE, FORMAT, PREPROCESSORS
from adaseq.runtime.folder import INPUTS as RUNTIME_INPUTS
from adaseq.runtime.predictor import RuntimePredictor, load
from adaseq.utils.files import atomic_folder
from adaseq.version import __version__

Quantization = Literal["int8", "int8-blocks"]

# Eight bits lose something; less than this share of what was found the same is no use to anybody.
LEAST_AGREEMENT = 0.8


def export_model(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    quantize: Quantization | None = None,
    texts: Sequence[Any] = (),
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Write an exported folder, whole or not at all; one that was there before is replaced.

    Args:
        source: the model folder.
        target: the folder to write.
        quantize: int8 makes it smaller and faster, and less exact; int8-blocks smaller, and hardly less exact; None keeps float32.
        texts: inputs to compare predictions on, and to fit int8 to, beside those that are built in.
        say: is told what was found.

    Raises:
        ModelError: the model cannot be exported, or the exported one does not say the same.
        AdaSeqError: what it takes is not installed, or the folder cannot be written.
    """
    check_target(Path(source), Path(target))
    loaded = load_model_folder(source)
    plan_for(loaded.model)
    predictor = Predictor(loaded)
    inputs = [*texts, *samples(loaded.task, loaded.preprocessor.max_length)]
    expected = predictor([*inputs])
    with atomic_folder(target) as folder:
        _write(loaded, predictor, folder, quantize)
        if quantize is not None:
            judge(compare(inputs, load(folder)([*inputs]), expected), None)
            _quantize(folder, inputs, quantize)
        exported = load(folder)
        found = compare(inputs, exported([*inputs]), expected)
        judge(found, quantize)
        say(f"compared on {len(inputs)} texts: {_told(found)}")
        if quantize is not None:
            _measure(predictor, exported, inputs, Path(source), folder, say)


def check_target(source: Path, target: Path) -> None:
    """Refuse to replace what is no exported folder.

    Raises:
        AdaSeqError: the target is the model itself, or holds something else.
    """
    if target.resolve() == source.resolve():
        raise AdaSeqError(f"the exported folder cannot replace the model folder '{source}'; give another one with -o")
    if target.exists() and not (target / EXPORT_FILE).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise AdaSeqError(
            f"'{target}' is there and holds something else than an exported model; give another folder with -o"
        )


def judge(found: Comparison, quantize: Quantization | None) -> None:
    """Refuse an export that says something else than the model.

    Args:
        found: how they compare.
        quantize: what was done to the weights.

    Raises:
        ModelError: they differ.
    """
    is_fine = found.agreement >= LEAST_AGREEMENT if quantize else found.agreement == 1 and found.gap <= TOLERANCE
    if is_fine:
        return
    examples = "".join(
        f"\n  {str(given)[:80]!r}: exported {mine[:3]}, model {theirs[:3]}"
        for given, mine, theirs in found.shortfall or []
    )
    hint = ". Export it without --quantize" if quantize else ""
    raise ModelError(
        f"the exported model does not say what the model says: {_told(found)}; nothing was written{hint}{examples}"
    )


def _told(found: Comparison) -> str:
    return f"{found.agreeing} of {found.found} found the same ({found.agreement:.2%}), probabilities at most {found.gap:.1e} apart"


def _write(loaded: ModelFolder, predictor: Predictor, folder: Path, quantize: Quantization | None) -> None:
    has_segments = isinstance(loaded.preprocessor, WholeTextPreprocessor)
    plan, backbones = write_graphs(loaded.model, _batch(loaded, predictor), has_segments, folder)
    loaded.preprocessor.save_for_runtime(folder)
    block, others = input_blocks(loaded.config["model"])
    facts = {
        "format": FORMAT,
        "adaseq_version": __version__,
        "task": loaded.task,
        "model": loaded.config["model"]["type"],
        "family": plan.family,
        "types": list(loaded.model.types),
        **plan.facts,
        "preprocessor": _preprocessor_facts(loaded),
        "words": _input_facts(block, loaded.preprocessor) if block["type"] == Inputs.WORDS else None,
        "inputs": {name: _input_facts(each, loaded.preprocessor) for name, each in others.items()},
        "answers_by_window": plan.is_by_word and not backbones and loaded.preprocessor.tokenizer is not None,
        "backbones": backbones,
        "quantization": quantize,
    }
    if plan.arrays:
        np.savez(folder / DECODER_FILE, **plan.arrays)  # type: ignore[arg-type]
    (folder / EXPORT_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _quantize(folder: Path, inputs: Sequence[Any], quantize: Quantization) -> None:
    """Quantise all graphs of an exported folder.

    Args:
        folder: where they are, in float32.
        inputs: texts that show how large features are.
        quantize: how.
    """
    exported = load(folder)
    feeds: dict[str, list[Mapping[str, np.ndarray]]] = {file: [] for file in exported.graphs}
    for file, graph in exported.graphs.items():
        graph.watch = feeds[file].append
    exported([*inputs])
    for file, seen in feeds.items():
        quantized = folder / f"{file}.int8"
        if quantize == "int8":
            quantize_int8(folder / file, quantized, seen)
        else:
            quantize_blocks(folder / file, quantized)
        quantized.replace(folder / file)


def _batch(loaded: ModelFolder, predictor: Predictor) -> Batch:
    """A batch of two short texts, on which the network is traced."""
    examples = map(predictor.example, samples(loaded.task, 64))
    chosen = [each for each in examples if each.text is not None and len(each.text) > 20][:2]
    features = loaded.preprocessor.encode(chosen, training=False)
    batch = loaded.collator([{**each, "index": number} for number, each in enumerate(features)])
    mask = batch["tokens"]["mask"]
    if "label_positions" not in batch:
        batch["label_positions"] = torch.arange(mask.shape[1]).expand(mask.shape).contiguous()
        batch["label_mask"] = mask
    return batch


def _preprocessor_facts(loaded: ModelFolder) -> dict[str, Any]:
    """What rebuilds the preprocessor."""
    preprocessor = loaded.preprocessor
    cls = type(preprocessor)
    path = f"{cls.__module__.rpartition('.')[2]}:{cls.__qualname__}"
    name = next((name for name, each in PREPROCESSORS.items() if each == path), None)
    if name is None or not cls.__module__.startswith("adaseq."):
        raise ModelError(
            f"a model with a {cls.__name__} cannot be exported: the runtime knows {', '.join(PREPROCESSORS)} only"
        )
    portable = preprocessor.portable_config(loaded.config["preprocessor"])
    return {**portable, "type": name}


def _input_facts(block: Mapping[str, Any], preprocessor: Preprocessor) -> dict[str, Any]:
    """What rebuilds an input encoder."""
    name = block["type"]
    if name not in RUNTIME_INPUTS:
        raise ModelError(
            f"a model whose embedder reads '{name}' cannot be exported; known: {', '.join(RUNTIME_INPUTS)}"
        )
    cls: type[InputEncoder] = INPUTS.get(name)
    supplied = {
        "max_length": preprocessor.max_length,
        "lowercase": preprocessor.lowercase,
        "min_count": preprocessor.min_count,
    }
    names = (*getattr(cls, "_supplied", ()), *getattr(cls, "_supplied_unless_given", ()))
    known = {each: supplied[each] for each in names if each in supplied}
    given = {key: value for key, value in block.items() if value is not None and key != "model_dir"}
    return {**known, **given}


def _measure(
    predictor: Predictor,
    exported: RuntimePredictor,
    inputs: Sequence[Any],
    source: Path,
    folder: Path,
    say: Callable[[str], None],
) -> None:
    """Say what quantising brings."""
    sizes = [
        sum(file.stat().st_size for file in place.rglob("*") if file.suffix in _WEIGHTS) for place in (source, folder)
    ]
    say(f"size of the weights: {sizes[0] / 2**20:.1f} MiB before, {sizes[1] / 2**20:.1f} MiB after")
    seconds = []
    for each in (predictor, exported):
        each([*inputs])
        begin = time.perf_counter()
        each([*inputs])
        seconds.append(time.perf_counter() - begin)
    say(
        f"time for these texts: torch {seconds[0]:.2f} s, exported {seconds[1]:.2f} s ({seconds[0] / seconds[1]:.1f} times as fast)"
    )


_WEIGHTS = (".safetensors", ".bin", ".onnx")
