"""What model folders of AdaSeq 0.6 do not say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from adaseq.data.statistics import is_ideograph
from adaseq.metainfo import Splitters

# The share of pieces with an ideograph: about two thirds for Chinese vocabularies, a tenth for those of many languages.
_CHINESE = 0.3


def text_splitter_of(folder: Path) -> str:
    """How raw text becomes such words as an old model was trained on, as far as its vocabulary tells.

    Chinese data is labelled by character, that of other languages by word.

    Args:
        folder: the model folder.
    """
    pieces = [piece.removeprefix("##") for piece in _pieces(folder)]
    ideographs = sum(is_ideograph(piece[0]) for piece in pieces if piece)
    return Splitters.CHAR if ideographs > _CHINESE * len(pieces) else Splitters.WORD


def _pieces(folder: Path) -> Iterable[str]:
    try:
        return (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        pass
    try:
        vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return vocabulary if isinstance(vocabulary, dict) else (str(entry[0]) for entry in vocabulary)
