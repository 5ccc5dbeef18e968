"""The exported folder: what is in it, and how it is read.

    adaseq_export.json            task, labels, how words are encoded, which graphs there are, how scores are decoded
    model.onnx, backbone*.onnx    the network up to the scores
    decoder.npz                   the arrays of the decoder, where it has some
    tokenizer.json, pieces.json   or vocab.txt, for models with a vocabulary of their own

Nothing in it is code, and nothing is unpickled.
"""

from __future__ import annotations

import importlib
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adaseq.data.preprocessors.base import Preprocessor, folder_of_part
from adaseq.errors import ModelError
from adaseq.metainfo import Inputs, Preprocessors

DAMAGES = (AttributeError, KeyError, TypeError, ValueError, OSError, zipfile.BadZipFile)
"""What reading a damaged folder raises."""

EXPORT_FILE, DECODER_FILE, MODEL_FILE = "adaseq_export.json", "decoder.npz", "model.onnx"
FORMAT = 1

# A folder names these; no other module is imported for it.
PREPROCESSORS = {
    Preprocessors.SEQUENCE_LABELING: "sequence_labeling:SequenceLabelingPreprocessor",
    Preprocessors.SPAN_EXTRACTION: "span_extraction:SpanExtractionPreprocessor",
    Preprocessors.TEXT_CLASSIFICATION: "text_classification:TextClassificationPreprocessor",
    Preprocessors.RELATION_EXTRACTION: "relation_extraction:RelationExtractionPreprocessor",
    Preprocessors.SPAN_TYPING: "multilabel_span_typing:MultiLabelSpanTypingPreprocessor",
}
INPUTS = {
    Inputs.PIECES: "pieces:PieceInput",
    Inputs.WORDS: "words:WordInput",
    Inputs.CHARACTERS: "characters:CharacterInput",
    Inputs.NGRAMS: "ngrams:NgramInput",
    Inputs.WORD_FEATURES: "word_features:WordFeatureInput",
}


# A folder that somebody made by hand must lead to no other place: arguments that name one, places of parts, files of graphs.
_ELSEWHERE = ("model_dir", "tokenizer_kwargs", "gazetteers")
_PART, _GRAPH = re.compile(r"(?:\d+(?:\.\d+)*)?"), re.compile(r"\w[\w.]*\.onnx")


class RuntimeFolder(NamedTuple):
    """A folder that was read.

    Attributes:
        path: where it is.
        facts: what `adaseq_export.json` says.
        arrays: those of the decoder.
        preprocessor: makes features of words.
    """

    path: Path
    facts: dict[str, Any]
    arrays: dict[str, np.ndarray]
    preprocessor: Preprocessor


def read_folder(path: Path) -> RuntimeFolder:
    """Read all of an exported folder but its graphs.

    Raises:
        ModelError: it is no such folder, is damaged, or was written by a newer AdaSeq.
    """
    facts = _read_facts(path)
    try:
        arrays: dict[str, np.ndarray] = {}
        if (path / DECODER_FILE).is_file():
            with (path / DECODER_FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = dict(stored)
        _check_places(facts)
        return RuntimeFolder(path, facts, arrays, _preprocessor(path, facts))
    except DAMAGES as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> ModelError:
    """The error that says that a folder is damaged.

    Args:
        path: the folder.
        error: what was raised when it was read.
    """
    return ModelError(f"the exported folder '{path}' is damaged ({error!r}); export the model again")


def _check_places(facts: Mapping[str, Any]) -> None:
    graphs = facts["backbones"]
    strange = [name for name in (*facts["inputs"], *graphs) if not _PART.fullmatch(name)]
    strange += [file for file in graphs.values() if not _GRAPH.fullmatch(file)]
    if strange:
        raise ValueError(f"{strange[0]!r} is no place in it")


def _read_facts(path: Path) -> dict[str, Any]:
    file = path / EXPORT_FILE
    if not file.is_file():
        hint = ""
        if (path / "configuration.json").is_file():
            hint = f"; it is a model folder: `adaseq export -m {path} --to onnx` makes an exported one of it"
        there = f"it has no {EXPORT_FILE}" if path.is_dir() else "there is no such folder"
        raise ModelError(f"'{path}' is not an exported model: {there}{hint}")
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"'{file}' cannot be read as JSON: {error}") from None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        found = facts.get("format") if isinstance(facts, dict) else None
        raise ModelError(
            f"'{file}' is of format {found!r}; this AdaSeq reads format {FORMAT}. Export the model again with this version"
        )
    return facts


def _preprocessor(path: Path, facts: Mapping[str, Any]) -> Preprocessor:
    arguments = _arguments(facts["preprocessor"])
    cls = _class("preprocessors", PREPROCESSORS, arguments.pop("type"))
    preprocessor: Preprocessor = cls(model_dir=str(path), **arguments)
    inputs = {}
    for name, block in facts["inputs"].items():
        inputs[name] = _input(block, folder_of_part(path, name))
        inputs[name].load(folder_of_part(path, name))
    words = _input(facts["words"], path) if facts["words"] is not None else None
    preprocessor.connect(inputs, words)
    return preprocessor


def _input(block: Mapping[str, Any], folder: Path) -> Any:
    arguments = _arguments(block)
    kind = arguments.pop("type")
    if kind in (Inputs.PIECES, Inputs.WORDS):
        arguments["model_dir"] = str(folder)
    return _class("inputs", INPUTS, kind)(**arguments)


def _arguments(block: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in block.items():
        is_far = name in _ELSEWHERE or (name.endswith("_file") and Path(value or "").name != value)
        if is_far and value is not None:
            raise ValueError(f"{name} leads out of it: {value!r}")
    return dict(block)


def _class(package: str, known: Mapping[str, str], name: str) -> Any:
    if name not in known:
        raise ModelError(f"the exported folder names '{name}', which this AdaSeq cannot run; known: {', '.join(known)}")
    module, _, cls = known[name].partition(":")
    return getattr(importlib.import_module(f"adaseq.data.{package}.{module}"), cls)
