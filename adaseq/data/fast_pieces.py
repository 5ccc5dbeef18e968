"""The tokenizer of an exported model: the library `tokenizers` alone, and a file that says what transformers knew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adaseq.data.pair_template import Template
from adaseq.errors import ModelError

PIECES_FILE, TOKENIZER_FILE = "pieces.json", "tokenizer.json"


class Pieces(NamedTuple):
    """The pieces of one sentence, without special tokens.

    Attributes:
        ids: `(P,)` piece ids.
        starts: `(L + 1,)` word `i` has the pieces `starts[i]` to `starts[i + 1]`; every word has at least one.
    """

    ids: np.ndarray
    starts: np.ndarray

    def part(self, first: int, behind: int) -> Pieces:
        """Those of a range of words."""
        starts = self.starts[first : behind + 1]
        return Pieces(self.ids[starts[0] : starts[-1]], starts - starts[0])


def encode_words(backend: Any, sentences: Sequence[Sequence[str]], unknown: int) -> list[Pieces]:
    """The pieces of each sentence. A word that yields none becomes the unknown piece.

    Args:
        backend: a `tokenizers.Tokenizer` that neither pads nor truncates.
        sentences: their words.
        unknown: the id of the unknown piece.
    """
    encodings = backend.encode_batch(
        [list(words) for words in sentences], is_pretokenized=True, add_special_tokens=False
    )
    return [
        _assemble(np.asarray(encoding.ids, np.int32), encoding.word_ids, len(words), unknown)
        for encoding, words in zip(encodings, sentences, strict=True)
    ]


def _assemble(ids: np.ndarray, word_ids: Sequence[int], num_words: int, unknown: int) -> Pieces:
    counts = np.bincount(np.asarray(word_ids, np.int64), minlength=num_words) if len(ids) else np.zeros(num_words, int)
    if num_words and counts.min() == 0:
        ids = np.insert(ids, np.cumsum(counts)[counts == 0], unknown).astype(np.int32)
        counts = np.maximum(counts, 1)
    starts = np.zeros(num_words + 1, np.int32)
    np.cumsum(counts, out=starts[1:])
    return Pieces(ids, starts)


class FastPieces:
    """What a `PieceTokenizer` does, for an exported model.

    Args:
        backend: a `tokenizers.Tokenizer`.
        facts: `prefix`, `suffix`, `pad_id`, `mask_id`, `unknown_id`, `limit`, `num_pieces`, and the templates `single` and `pair`.
    """

    def __init__(self, backend: Any, facts: dict[str, Any]) -> None:
        self._backend, self._facts = backend, facts
        self.prefix: list[int] = facts["prefix"]
        self.suffix: list[int] = facts["suffix"]
        self.pad_id: int = facts["pad_id"]
        self.mask_id: int | None = facts["mask_id"]
        self.limit: int | None = facts["limit"]
        self.num_pieces: int = facts["num_pieces"]

    @classmethod
    def load(cls, folder: Path) -> FastPieces:
        """Read `tokenizer.json` and `pieces.json` of an exported model."""
        from tokenizers import Tokenizer

        facts = json.loads((folder / PIECES_FILE).read_text(encoding="utf-8"))
        return cls(Tokenizer.from_file(str(folder / TOKENIZER_FILE)), facts)

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[Pieces]:
        """The pieces of each sentence. A word that yields none becomes the unknown piece."""
        return encode_words(self._backend, sentences, self._facts["unknown_id"])

    def add(self, words: Sequence[str]) -> None:
        """Words that are to be pieces of their own: they were added before the model was exported.

        Raises:
            ModelError: they were not.
        """
        missing = [word for word in words if self._backend.token_to_id(word) is None]
        if missing:
            raise ModelError(
                f"the tokenizer of this exported model lacks the pieces {', '.join(missing)}: export it again"
            )

    def templates(self) -> tuple[Template, Template]:
        """What stands around one text; and around and between two texts."""
        single, pair = (Template(**self._facts[name]) for name in ("single", "pair"))
        return single, pair

    def save(self, folder: Path) -> None:
        """Write both files."""
        self._backend.save(str(folder / TOKENIZER_FILE))
        text = json.dumps(self._facts, ensure_ascii=False, indent=2)
        (folder / PIECES_FILE).write_text(text + "\n", encoding="utf-8")

    def fingerprint(self) -> str:
        """Changes whenever the pieces of some text may change."""
        return hashlib.sha256(f"{self._backend.to_str()}{self.prefix}{self.suffix}".encode()).hexdigest()
