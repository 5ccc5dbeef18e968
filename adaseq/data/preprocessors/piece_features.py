"""From the pieces of a sentence to its features: special tokens around them, context where there is room, windows where not."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaseq.data.document_context import fitting
from adaseq.data.piece_tokenizer import FastPieces, Pieces, PieceTokenizer
from adaseq.data.windows import make_windows, words_that_fit


class Frame(NamedTuple):
    """What stands around the pieces of a sequence, and how many of them it holds.

    Attributes:
        prefix: int32, the special tokens before them.
        suffix: int32, those behind.
        capacity: the most pieces.
        overlap: how many pieces two neighbouring windows share.
    """

    prefix: np.ndarray
    suffix: np.ndarray
    capacity: int
    overlap: int

    @classmethod
    def of(cls, tokenizer: PieceTokenizer | FastPieces, capacity: int, overlap: int) -> Frame:
        """That of a tokenizer's special tokens."""
        return cls(np.asarray(tokenizer.prefix, np.int32), np.asarray(tokenizer.suffix, np.int32), capacity, overlap)

    def features(
        self, pieces: Pieces, training: bool, left: Pieces | None = None, right: Pieces | None = None
    ) -> dict[str, Any]:
        """The features of a sentence.

        Args:
            pieces: of the sentence.
            training: truncate it to what the sequence holds; otherwise cut it into windows.
            left: the pieces of the words before it in its document, of which those are read that fit.
            right: those of the words behind it.
        """
        ids, starts = cap_words(pieces, self.capacity)
        num_words = len(starts) - 1
        if num_words and starts[-1] > self.capacity:
            if not training:
                return self._windows(ids, starts)
            num_words = words_that_fit(starts, 0, self.capacity)
            starts, ids = starts[: num_words + 1], ids[: starts[num_words]]
        before = behind = np.empty(0, np.int32)
        if left is not None and right is not None:
            before, behind = fitting(left, right, self.capacity - int(starts[-1]))
        places = starts + np.int32(len(self.prefix) + len(before))
        return {
            "input_ids": np.concatenate((self.prefix, before, ids, behind, self.suffix)),
            "first_piece": places[:-1],
            "last_piece": places[1:] - 1,
            "num_words": num_words,
            "piece_lengths": np.empty(0, np.int32),
            "word_lengths": np.empty(0, np.int32),
            "stitch": np.empty(0, np.int32),
        }

    def _windows(self, ids: np.ndarray, starts: np.ndarray) -> dict[str, Any]:
        windows = make_windows(starts, self.capacity, self.overlap)
        rows = [np.concatenate([self.prefix, ids[starts[a] : starts[b]], self.suffix]) for a, b in windows.bounds]
        shifts = [len(self.prefix) - starts[a] for a, _ in windows.bounds]
        placed = list(zip(windows.bounds, shifts, strict=True))
        return {
            "input_ids": np.concatenate(rows),
            "first_piece": np.concatenate([starts[a:b] + shift for (a, b), shift in placed]),
            "last_piece": np.concatenate([starts[a + 1 : b + 1] - 1 + shift for (a, b), shift in placed]),
            "num_words": len(starts) - 1,
            "piece_lengths": np.asarray([len(row) for row in rows], np.int32),
            "word_lengths": np.asarray([b - a for a, b in windows.bounds], np.int32),
            "stitch": windows.stitch,
        }


def cap_words(pieces: Pieces, capacity: int) -> Pieces:
    """Cut single words that are longer than a whole sequence down to it; their first pieces speak for them."""
    counts = np.diff(pieces.starts)
    if not len(counts) or counts.max() <= capacity:
        return pieces
    kept = np.minimum(counts, capacity)
    starts = np.zeros_like(pieces.starts)
    np.cumsum(kept, out=starts[1:])
    rank_in_word = np.arange(len(pieces.ids)) - np.repeat(pieces.starts[:-1], counts)
    return Pieces(pieces.ids[rank_in_word < capacity], starts)
