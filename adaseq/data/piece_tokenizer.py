"""From words to the word pieces of a backbone, a batch of sentences at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaseq.data.fast_pieces import PIECES_FILE, FastPieces, Pieces, encode_words
from adaseq.data.pair_template import Template, pair_template, single_template
from adaseq.utils.pretrained import load_tokenizer, position_limit


class PieceTokenizer:
    """A backbone's tokenizer, applied to sentences that are split into words.

    Args:
        name_or_path: the folder or hub name of the backbone.
        add_special_tokens: put the backbone's special tokens around each sequence.
        options: for the tokenizer's `from_pretrained`.
    """

    def __init__(self, name_or_path: str, add_special_tokens: bool = True, **options: Any) -> None:
        self.tokenizer = load_tokenizer(name_or_path, **options)
        self.limit = position_limit(name_or_path, self.tokenizer)
        self._backend = getattr(self.tokenizer, "backend_tokenizer", None)
        if self._backend is not None:  # some saved tokenizers pad or truncate by themselves
            self._backend.no_padding()
            self._backend.no_truncation()
        self.prefix, self.suffix = self._special_tokens() if add_special_tokens else ([], [])
        self.pad_id = int(self.tokenizer.pad_token_id or 0)
        self.mask_id: int | None = self.tokenizer.mask_token_id
        self._unknown = self.tokenizer.unk_token_id
        if self._unknown is None:  # byte-level vocabularies know every character; an empty word still needs a piece
            self._unknown = self.tokenizer.mask_token_id or self.tokenizer.eos_token_id or 0

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[Pieces]:
        """The pieces of each sentence. A word that yields none becomes the unknown piece."""
        if self._backend is None:
            return [self._encode_one_by_one(words) for words in sentences]
        return encode_words(self._backend, sentences, int(self._unknown))

    @property
    def num_pieces(self) -> int:
        """The size of the vocabulary, with pieces that were added."""
        return len(self.tokenizer)

    def add(self, words: Sequence[str]) -> None:
        """Make each of some words a piece of its own, which text cannot be cut into otherwise."""
        self.tokenizer.add_tokens(list(words), special_tokens=True)
        self._backend = getattr(self.tokenizer, "backend_tokenizer", None)

    def templates(self) -> tuple[Template, Template]:
        """What stands around one text; and around and between two texts."""
        single = single_template(self.tokenizer, self.prefix, self.suffix)
        return single, pair_template(self.tokenizer, single)

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files into a model folder."""
        self.tokenizer.save_pretrained(folder)

    def without_transformers(self) -> FastPieces | None:
        """The same, so that it can be saved and used without transformers; None if its tokenizer is written in Python."""
        if self._backend is None:
            return None
        single, pair = self.templates()
        facts = {
            "prefix": self.prefix,
            "suffix": self.suffix,
            "pad_id": self.pad_id,
            "mask_id": self.mask_id,
            "unknown_id": int(self._unknown),
            "limit": self.limit,
            "num_pieces": self.num_pieces,
            "single": single._asdict(),
            "pair": pair._asdict(),
        }
        return FastPieces(self._backend, facts)

    def fingerprint(self) -> str:
        """Changes whenever the pieces of some text may change."""
        description = self._backend.to_str() if self._backend else repr(sorted(self.tokenizer.get_vocab().items()))
        return hashlib.sha256(f"{description}{self.prefix}{self.suffix}".encode()).hexdigest()

    def _encode_one_by_one(self, words: Sequence[str]) -> Pieces:
        pieces = [self.tokenizer.encode(word, add_special_tokens=False) or [self._unknown] for word in words]
        starts = np.zeros(len(words) + 1, np.int32)
        np.cumsum([len(ids) for ids in pieces], out=starts[1:])
        return Pieces(np.asarray([i for ids in pieces for i in ids], np.int32), starts)

    def _special_tokens(self) -> tuple[list[int], list[int]]:
        """What the tokenizer puts before and behind a sequence."""
        bare = self.tokenizer.encode("a", add_special_tokens=False)
        dressed = self.tokenizer.encode("a", add_special_tokens=True)
        for start in range(len(dressed) - len(bare) + 1):
            if dressed[start : start + len(bare)] == bare:
                return dressed[:start], dressed[start + len(bare) :]
        return [], []


def open_tokenizer(name_or_path: str, add_special_tokens: bool = True, **options: Any) -> PieceTokenizer | FastPieces:
    """The tokenizer of a backbone, or of an exported model.

    Args:
        name_or_path: the folder or hub name of the backbone, or the folder of the exported model.
        add_special_tokens: put the backbone's special tokens around each sequence.
        options: for the tokenizer's `from_pretrained`.
    """
    if (Path(name_or_path) / PIECES_FILE).is_file():
        return FastPieces.load(Path(name_or_path))
    return PieceTokenizer(name_or_path, add_special_tokens, **options)
