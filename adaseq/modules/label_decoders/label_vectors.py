"""Vectors of labels, made of the vectors of their words."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from adaseq.errors import ModelError
from adaseq.utils.files import atomic_write
from adaseq.utils.word_vectors import read_vectors

logger = logging.getLogger(__name__)

LabelKind = Literal["glove", "tencent"]

_SPREAD = 0.3


def label_vectors(
    labels: Sequence[str],
    dim: int,
    kind: LabelKind = "glove",
    source: str | None = None,
    folder: str | None = None,
    name: str = "label.emb",
) -> Tensor:
    """One vector for each label, `(K, E)`.

    Args:
        labels: the labels.
        dim: E.
        kind: how their texts are looked up.
        source: a file of word vectors; None for random vectors.
        folder: where to keep what was found in it.
        name: the file in that folder.

    Raises:
        ModelError: the vectors are of another width, or the kept ones cannot be used.
    """
    kept = Path(folder) / name if folder is not None else None
    mark = hashlib.sha256(json.dumps([kind, dim, list(labels)]).encode()).hexdigest()
    if kept is not None and kept.is_file():
        found = _read_kept(kept, mark)
        if found is not None:
            return found
        if source is None:
            raise ModelError(
                f"the label vectors in '{kept}' are those of other labels; give decoder.source_emb_file_path to make them again"
            )
    if source is None:
        if kept is not None:
            raise ModelError(
                f"decoder.target_emb_dir: there is no '{kept}' yet; give decoder.source_emb_file_path, the word vectors to make "
                "it from"
            )
        return torch.randn(len(labels), dim) * _SPREAD
    vectors = _from_file(labels, dim, kind, Path(source))
    if kept is not None:
        _keep(kept, vectors, mark)
    return vectors


def _from_file(labels: Sequence[str], dim: int, kind: LabelKind, source: Path) -> Tensor:
    lookup: Callable[[str], list[list[str]]] = _glove_words if kind == "glove" else _tencent_words
    ways = [lookup(label) for label in labels]
    known, width = read_vectors(source, {word for way in ways for words in way for word in words})
    if width != dim:
        raise ModelError(f"decoder.label_emb_dim is {dim}, but the vectors in '{source}' have {width} dimensions")
    rows = [_mean(way, known) for way in ways]
    there = [row for row in rows if row is not None]
    spread = float(np.std(there)) if there else _SPREAD
    missing = [label for label, row in zip(labels, rows, strict=True) if row is None]
    if missing:
        logger.warning(
            "%d of %d labels have no vector in %s and begin at random: %s",
            len(missing),
            len(labels),
            source,
            ", ".join(missing[:10]) + (" …" if len(missing) > 10 else ""),
        )
    return torch.stack([torch.randn(dim) * spread if row is None else torch.from_numpy(row) for row in rows])


def _glove_words(label: str) -> list[list[str]]:
    """The words of a label."""
    return [re.findall(r"[^\W_]+", label.lower())]


def _tencent_words(label: str) -> list[list[str]]:
    """The label as one word, else its characters."""
    return [[label], [character for character in label if not character.isspace()]]


def _mean(ways: Sequence[Sequence[str]], known: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """The mean vector of the first list of words of which some are known."""
    for words in ways:
        found = [known[word] for word in words if word in known]
        if found:
            return np.asarray(np.mean(found, axis=0, dtype=np.float32))
    return None


def _read_kept(path: Path, mark: str) -> Tensor | None:
    """What is kept; None if it is about other labels."""
    try:
        with safe_open(path, "pt") as file:
            return file.get_tensor("vectors") if (file.metadata() or {}).get("mark") == mark else None
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"the label vectors in '{path}' cannot be read ({error}). AdaSeq 0.6 wrote a pickle there, which could run any code "
            "and is not opened: remove it, and they are made again from decoder.source_emb_file_path"
        ) from None


def _keep(path: Path, vectors: Tensor, mark: str) -> None:
    with atomic_write(path, "wb", None) as file:
        file.write(save({"vectors": vectors.contiguous()}, {"mark": mark}))
