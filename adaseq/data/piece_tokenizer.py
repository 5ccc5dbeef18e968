"""From words to the word pieces of a backbone, a batch of sentences at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adaseq.data.pair_template import Template, pair_template, single_template
from adaseq.utils.pretrained import load_tokenizer, position_limit


class Pieces(NamedTuple):
    """The pieces of one sentence, without special tokens.

    Attributes:
        ids: `(P,)` piece ids.
        starts: `(L + 1,)` word `i` has the pieces `starts[i]` to `starts[i + 1]`; every word has at least one.
    """

    ids: np.ndarray
    starts: np.ndarray


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
        self._unknown = self.tokenizer.unk_token_id
        if self._unknown is None:  # byte-level vocabularies know every character; an empty word still needs a piece
            self._unknown = self.tokenizer.mask_token_id or self.tokenizer.eos_token_id or 0

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[Pieces]:
        """The pieces of each sentence. A word that yields none becomes the unknown piece."""
        if self._backend is None:
            return [self._encode_one_by_one(words) for words in sentences]
        encodings = self._backend.encode_batch(
            [list(words) for words in sentences], is_pretokenized=True, add_special_tokens=False
        )
        return [
            self._assemble(np.asarray(encoding.ids, np.int32), encoding.word_ids, len(words))
            for encoding, words in zip(encodings, sentences, strict=True)
        ]

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

    def fingerprint(self) -> str:
        """Changes whenever the pieces of some text may change."""
        description = self._backend.to_str() if self._backend else repr(sorted(self.tokenizer.get_vocab().items()))
        return hashlib.sha256(f"{description}{self.prefix}{self.suffix}".encode()).hexdigest()

    def _assemble(self, ids: np.ndarray, word_ids: Sequence[int], num_words: int) -> Pieces:
        counts = (
            np.bincount(np.asarray(word_ids, np.int64), minlength=num_words) if len(ids) else np.zeros(num_words, int)
        )
        if num_words and counts.min() == 0:
            ids = np.insert(ids, np.cumsum(counts)[counts == 0], self._unknown).astype(np.int32)
            counts = np.maximum(counts, 1)
        starts = np.zeros(num_words + 1, np.int32)
        np.cumsum(counts, out=starts[1:])
        return Pieces(ids, starts)

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
