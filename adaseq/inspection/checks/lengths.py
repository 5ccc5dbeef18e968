"""Checks of lengths and, with a tokenizer, of pieces: what is cut off, what is unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from adaseq.data.windows import words_that_fit
from adaseq.inspection.checks.base import Check
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.reading import Item
from adaseq.inspection.text import shown

if TYPE_CHECKING:
    from adaseq.data.piece_tokenizer import PieceTokenizer

DEFAULT_MAX_LENGTH = 512
_BATCH = 256
_MOST_UNKNOWN = 5000
_MANY_UNKNOWN = 0.01


class LengthCheck(Check):
    """Measures sentences, in pieces where there is a tokenizer, else in words.

    Args:
        findings: is told what is wrong.
        tokenizer: cuts words into pieces.
        max_length: the most pieces of a sentence, special tokens included.
        lowercase: words are lower-cased before they are cut.
    """

    def __init__(
        self,
        findings: Findings,
        tokenizer: PieceTokenizer | None = None,
        max_length: int | None = None,
        lowercase: bool = False,
    ) -> None:
        super().__init__(findings)
        self._tokenizer, self._lowercase = tokenizer, lowercase
        limit = tokenizer.limit if tokenizer is not None else None
        self.max_length = min(max_length or DEFAULT_MAX_LENGTH, limit or max_length or DEFAULT_MAX_LENGTH)
        special = len(tokenizer.prefix) + len(tokenizer.suffix) if tokenizer is not None else 0
        self._capacity = max(self.max_length - special, 1)
        self._words: dict[str, Counter[int]] = {}
        self._pieces: dict[str, Counter[int]] = {}
        self._batch: list[Item] = []
        self._long: Counter[str] = Counter()
        self._spans_lost: Counter[str] = Counter()
        self._unknown: dict[str, tuple[int, Place]] = {}
        self._num_words: Counter[str] = Counter()
        self._num_unknown: Counter[str] = Counter()
        self._num_pieces: Counter[str] = Counter()
        self._unknown_pieces: Counter[str] = Counter()

    def look(self, item: Item) -> None:
        self._words.setdefault(item.split, Counter())[len(item.example.tokens)] += 1
        if self._tokenizer is None:
            self._check_length(item, np.arange(len(item.example.tokens) + 1), "words")
            return
        self._batch.append(item)
        if len(self._batch) == _BATCH:
            self._encode()

    def finish(self) -> None:
        if self._batch:
            self._encode()
        notes = [
            f"{n} in {split}" + (f", {self._spans_lost[split]} spans of them" if self._spans_lost[split] else "")
            for split, n in self._long.items()
        ]
        self.findings.annotate("too-long", f"cut at {self.max_length}: {'; '.join(notes)}")
        self._report_unknown()

    def summary(self) -> dict[str, Any]:
        lengths = {
            split: {
                "words": _distribution(words),
                **({"pieces": _distribution(self._pieces[split])} if split in self._pieces else {}),
                "too_long": self._long[split],
                "spans_lost": self._spans_lost[split],
            }
            for split, words in self._words.items()
        }
        coverage = {
            split: {
                "words": self._num_words[split],
                "words_with_unknown_pieces": self._num_unknown[split],
                "pieces": n,
                "unknown_pieces": self._unknown_pieces[split],
            }
            for split, n in self._num_pieces.items()
        }
        more = {"vocabulary": coverage} if coverage else {}
        return {"max_length": self.max_length, "lengths": lengths, **more}

    def _encode(self) -> None:
        assert self._tokenizer is not None
        items, self._batch = self._batch, []
        sentences = [item.example.tokens for item in items]
        if self._lowercase:
            sentences = [[word.lower() for word in words] for words in sentences]
        for item, pieces in zip(items, self._tokenizer.encode(sentences), strict=True):
            self._pieces.setdefault(item.split, Counter())[len(pieces.ids)] += 1
            self._check_length(item, pieces.starts, "pieces")
            self._count_unknown(item, pieces.ids, pieces.starts)
        self._check_cuts(items)

    def _check_length(self, item: Item, starts: np.ndarray, unit: str) -> None:
        length = int(starts[-1])
        if length <= self._capacity:
            return
        example = item.example
        end = words_that_fit(starts, 0, self._capacity)
        lost = [span for span in example.spans if span["end"] > end]
        self._long[item.split] += 1
        self._spans_lost[item.split] += len(lost)
        what = f"{length} {unit}, {self._capacity} fit: {len(example.tokens) - end} of {len(example.tokens)} words are cut off"
        if lost:
            what += f", and {len(lost)} of {len(example.spans)} spans"
        last = end - 1
        self.findings.add("too-long", item.place(what, last, fix=f"split the sentence before word {end + 1}"))

    def _count_unknown(self, item: Item, ids: np.ndarray, starts: np.ndarray) -> None:
        split, tokens = item.split, item.example.tokens
        self._num_words[split] += len(tokens)
        self._num_pieces[split] += len(ids)
        unknown_id = self._tokenizer.tokenizer.unk_token_id  # type: ignore[union-attr]
        is_unknown = ids == (-1 if unknown_id is None else unknown_id)
        if not is_unknown.any():
            return
        self._unknown_pieces[split] += int(is_unknown.sum())
        words = np.unique(np.searchsorted(starts, np.flatnonzero(is_unknown), side="right") - 1)
        self._num_unknown[split] += len(words)
        for word in words.tolist():
            known = self._unknown.get(tokens[word])
            if known is not None:
                self._unknown[tokens[word]] = (known[0] + 1, known[1])
            elif len(self._unknown) < _MOST_UNKNOWN:
                self._unknown[tokens[word]] = (1, item.place(f"'{shown(tokens[word])}'", word))

    def _report_unknown(self) -> None:
        total, unknown = sum(self._num_words.values()), sum(self._num_unknown.values())
        if not unknown:
            return
        counted = 0
        for count, place in sorted(self._unknown.values(), key=lambda each: -each[0]):
            self.findings.add(
                "unknown-pieces", Place(place.file, place.line, f"{place.what}, {count} times", place.context), count
            )
            counted += count
        share = unknown / total
        note = f"{unknown} of {total} words ({share:.2%}); the most frequent first"
        self.findings.annotate("unknown-pieces", note)
        if share < _MANY_UNKNOWN:
            self.findings.regrade("unknown-pieces", "note")

    def _check_cuts(self, items: list[Item]) -> None:
        """Spans whose ends lie inside a piece, when the raw text is cut into pieces as a whole."""
        backend = getattr(self._tokenizer.tokenizer, "backend_tokenizer", None)  # type: ignore[union-attr]
        with_text = [item for item in items if item.example.spans and _text_of(item)[0]]
        if backend is None or not with_text:
            return
        texts = [_text_of(item)[0] for item in with_text]
        for item, encoding in zip(with_text, backend.encode_batch(texts, add_special_tokens=False), strict=True):
            text, offsets = _text_of(item)
            inside = {place: (start, end) for start, end in encoding.offsets for place in range(start + 1, end)}
            for span in item.example.spans:
                bounds = (offsets[span["start"]][0], offsets[span["end"] - 1][1])
                cut = next((inside[place] for place in bounds if place in inside), None)
                if cut is not None and not text[cut[0] : cut[1]].isspace():
                    what = f"'{shown(text[bounds[0] : bounds[1]])}' cuts the piece '{shown(text[cut[0] : cut[1]])}'"
                    self.findings.add("span-cuts-piece", item.place(what, span["start"], span["end"]))


def _text_of(item: Item) -> tuple[str, list[tuple[int, int]]]:
    """The text of an example whose words are parts of words, and where they stand in it; empty where that cannot be."""
    example = item.example
    if example.text is not None and example.offsets is not None:
        return example.text, example.offsets
    if len(example.tokens) > 1 and all(len(token) == 1 for token in example.tokens):
        return "".join(example.tokens), [(i, i + 1) for i in range(len(example.tokens))]
    return "", []


def _distribution(lengths: Counter[int]) -> dict[str, Any]:
    total = sum(lengths.values())
    values = np.asarray(sorted(lengths))
    counts = np.asarray([lengths[int(value)] for value in values])
    reached = np.cumsum(counts)

    def quantile(share: float) -> int:
        return int(values[np.searchsorted(reached, share * total)])

    return {
        "mean": round(float((values * counts).sum() / total), 1),
        "median": quantile(0.5),
        "99%": quantile(0.99),
        "max": int(values[-1]),
        "histogram": [[low, high, n] for low, high, n in _histogram(lengths, int(values[-1]))],
    }


def _histogram(lengths: Counter[int], longest: int) -> Iterator[tuple[int, int, int]]:
    """Lower and upper bound, both included, and count; bars of equal width, a round number."""
    width = next(each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**9) if longest <= each * 20)
    for low in range(1, longest + 1, width):
        high = low + width - 1
        yield low, high, sum(lengths[length] for length in range(low, min(high, longest) + 1))
