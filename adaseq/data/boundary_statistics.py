"""What raw text says about where words begin and end: PMI and entropies of n-grams (Jiang et al. 2022, section 2)."""

from __future__ import annotations

import hashlib
import itertools
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adaseq.data.key_counter import KeyCounter
from adaseq.errors import AdaSeqError, ModelError

_UNKNOWN, _EDGE, _FIRST = 0, 1, 2
_CHUNK = 1 << 20  # units that are counted at once
_MOST_UNITS = 1 << 21  # different units that are counted exactly
_FILE = "boundary_statistics.npz"


class Ngrams(NamedTuple):
    """The n-grams of one length.

    Attributes:
        keys: uint64, ascending: the units of an n-gram as the digits of one number.
        counts: how often each occurs.
        pmi: how much more often than if the two parts, of those into which it can be cut the ones for which this is least, were
            independent: a logarithm. 0 for single units.
        left: the entropy of what stands before it; high where it begins a word.
        right: the entropy of what stands behind it; high where it ends one.
    """

    keys: np.ndarray
    counts: np.ndarray
    pmi: np.ndarray
    left: np.ndarray
    right: np.ndarray


class BoundaryStatistics:
    """Statistics of the n-grams of some text, and the features that follow from them for each unit of a sentence.

    Units are characters, or what else sentences are made of. The beginning and the end of a sentence count as one more
    neighbour. Memory is bounded: n-grams that do not fit are counted on disk.

    Args:
        max_ngram: N, the longest n-grams.
        min_count: rarer n-grams have no statistics.
        max_ngrams: how many n-grams of each length are kept, the most frequent ones.
        most_in_memory: how many different n-grams are held while they are counted.
    """

    def __init__(
        self, max_ngram: int = 4, min_count: int = 5, max_ngrams: int = 5_000_000, most_in_memory: int = 1 << 24
    ) -> None:
        if not 1 <= max_ngram <= 6 or min_count < 1 or max_ngrams < 1:
            raise AdaSeqError(
                f"n-grams can be 1 to 6 units long, and min_count and max_ngrams are at least 1; received {max_ngram}, "
                f"{min_count}, {max_ngrams}"
            )
        self.max_ngram, self.min_count, self.max_ngrams = max_ngram, min_count, max_ngrams
        self.units: list[str] | None = None
        self.ngrams: list[Ngrams] = []
        self._ids: dict[str, int] = {}
        # Numbers of N + 1 digits, an n-gram and a neighbour, must fit into 64 bits.
        self._most_digits = _root(1 << 64, max_ngram + 1)
        self._in_memory = most_in_memory // (2 * max_ngram)
        self._means = np.zeros((3, max_ngram))
        self._spreads = np.ones((3, max_ngram))

    @property
    def size(self) -> int:
        """F, the number of features: the PMI of N (N + 1) / 2 n-grams, and twice N entropies."""
        return self.max_ngram * (self.max_ngram + 5) // 2

    def count(self, sentences: Iterable[Sequence[str]]) -> None:
        """Count the n-grams of sentences.

        Args:
            sentences: can be gone through twice: first the units are counted, then their n-grams.
        """
        self._know(_frequent_units(sentences, self._most_digits - _FIRST))
        sides = [(KeyCounter(self._in_memory), KeyCounter(self._in_memory)) for _ in range(self.max_ngram)]
        totals = np.zeros(self.max_ngram, np.int64)
        try:
            for ids in self._chunks(sentences):
                for size, (left, right) in enumerate(sides, 1):
                    keys, before, behind = self._occurrences(ids, size)
                    left.add(keys * self._base + before)
                    right.add(keys * self._base + behind)
                totals += _positions(ids, self.max_ngram)
            self.ngrams = [self._summed(left, right) for left, right in sides]
        finally:
            for each in itertools.chain.from_iterable(sides):
                each.close()
        for size in range(2, self.max_ngram + 1):
            self.ngrams[size - 1] = self.ngrams[size - 1]._replace(pmi=self._pmi(size, totals))
        self._standardise()

    def features(self, sentence: Sequence[str]) -> np.ndarray:
        """The features of each unit of a sentence, `(L, F)` float32, standardised over the counted text.

        For unit i these are the PMI of all n-grams that contain i, by length and then by where they begin; the left entropy of
        those that begin at i; and the right entropy of those that end there. An n-gram without statistics has PMI and
        entropies of 0, before these are standardised: nothing speaks for its being a word.
        """
        length = len(sentence)
        ids = self._numbers(sentence)
        columns = []
        edges = []
        for size, ngrams in enumerate(self.ngrams, 1):
            padded = self._looked_up(
                ids, size, ngrams
            )  # (3, L + size - 1): that which begins at unit p at p + size - 1
            columns += [padded[0, size - 1 - offset :][:length] for offset in range(size - 1, -1, -1)]
            edges.append((padded[1, size - 1 :][:length], padded[2, :length]))
        columns += [left for left, _ in edges] + [right for _, right in edges]
        return np.stack(columns, 1).astype(np.float32) if columns else np.empty((length, 0), np.float32)

    def fingerprint(self) -> str:
        """Changes with the features of some sentence."""
        digest = hashlib.sha256(json.dumps([self.units, self.max_ngram], ensure_ascii=False).encode())
        for values in itertools.chain.from_iterable(self.ngrams):
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        """Write them into a folder."""
        arrays: dict[str, Any] = {"units": np.asarray(self.units or [], np.str_)}
        for size, ngrams in enumerate(self.ngrams, 1):
            arrays |= {f"{name}_{size}": values for name, values in ngrams._asdict().items()}
        np.savez(folder / _FILE, **arrays)

    def load(self, folder: Path) -> bool:
        """Read them again.

        Returns:
            False if there are none in the folder.

        Raises:
            ModelError: the file is damaged.
        """
        path = folder / _FILE
        if not path.is_file():
            return False
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                self._know([str(unit) for unit in arrays["units"]])
                self.ngrams = [
                    Ngrams(*(arrays[f"{name}_{size}"] for name in Ngrams._fields))
                    for size in range(1, self.max_ngram + 1)
                ]
        except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
            raise ModelError(f"the n-gram statistics '{path}' are damaged: {error}") from error
        self._standardise()
        return True

    def _know(self, units: list[str]) -> None:
        self.units = units
        self._ids = {unit: number for number, unit in enumerate(units, _FIRST)}
        self._base = np.uint64(len(units) + _FIRST)

    def _numbers(self, sentence: Sequence[str]) -> np.ndarray:
        return np.asarray([self._ids.get(unit, _UNKNOWN) for unit in sentence], np.uint64)

    def _chunks(self, sentences: Iterable[Sequence[str]]) -> Iterator[np.ndarray]:
        """Sentences as numbers, one behind the other, with an edge before and behind each."""
        edge = np.full(1, _EDGE, np.uint64)
        parts, held = [edge], 0
        for sentence in sentences:
            parts += [self._numbers(sentence), edge]
            held += len(sentence) + 1
            if held > _CHUNK:
                yield np.concatenate(parts)
                parts, held = [edge], 0
        if held:
            yield np.concatenate(parts)

    def _occurrences(self, ids: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The n-grams of known units in a chunk: each with what stands before and behind it."""
        starts, keys = self._packed(ids, size)
        return keys, ids[starts - 1], ids[starts + size]

    def _packed(self, ids: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Where n-grams of known units begin, and their numbers."""
        count = len(ids) - size + 1
        if count <= 0:
            return np.empty(0, np.int64), np.empty(0, np.uint64)
        keys, is_known = np.zeros(count, np.uint64), np.ones(count, np.bool_)
        for place in range(size):
            units = ids[place : place + count]
            keys = keys * self._base + units
            is_known &= units >= _FIRST
        starts = np.flatnonzero(is_known)
        return starts, keys[starts]

    def _summed(self, left: KeyCounter, right: KeyCounter) -> Ngrams:
        """Counts and entropies of the n-grams of one length that are frequent enough; their PMI is still to come."""
        keys, counts, before = self._entropies(left)
        _, _, behind = self._entropies(right)
        if len(keys) > self.max_ngrams:
            kept = np.sort(np.argsort(-counts, kind="stable")[: self.max_ngrams])
            keys, counts, before, behind = keys[kept], counts[kept], before[kept], behind[kept]
        return Ngrams(keys, counts, np.zeros(len(keys)), before, behind)

    def _entropies(self, neighbours: KeyCounter) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The n-grams with at least `min_count` occurrences, their counts, and the entropy of their neighbours on one side."""
        found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for part in neighbours.parts(aligned=int(self._base)):
            keys = part.keys // self._base
            starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
            counts = np.add.reduceat(part.counts, starts)
            weighted = np.add.reduceat(part.counts * np.log(part.counts), starts)
            kept = counts >= self.min_count
            entropies = np.maximum(np.log(counts) - weighted / counts, 0.0)
            found.append((keys[starts][kept], counts[kept], entropies[kept]))
        if not found:
            return np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0)
        keys, counts, entropies = (np.concatenate(column) for column in zip(*found, strict=True))
        return keys, counts, entropies

    def _pmi(self, size: int, totals: np.ndarray) -> np.ndarray:
        """The least logarithm of p(g) / (p(a) p(b)) over all ways to cut g into a and b."""
        ngrams = self.ngrams[size - 1]
        least = np.full(len(ngrams.keys), np.inf)
        own = np.log(ngrams.counts) - np.log(max(totals[size - 1], 1))
        for first in range(1, size):
            digits = self._base ** np.uint64(size - first)
            parts = self._shares(ngrams.keys // digits, first, totals) + self._shares(
                ngrams.keys % digits, size - first, totals
            )
            least = np.minimum(least, own - parts)
        return least

    def _shares(self, keys: np.ndarray, size: int, totals: np.ndarray) -> np.ndarray:
        """The logarithm of the share of each n-gram among all of its length."""
        ngrams = self.ngrams[size - 1]
        if not len(ngrams.keys):
            return np.zeros(len(keys))
        places = np.minimum(np.searchsorted(ngrams.keys, keys), len(ngrams.keys) - 1)
        # One that was left out for want of room is as rare as the rarest that was kept, or rarer.
        counts = np.where(ngrams.keys[places] == keys, ngrams.counts[places], ngrams.counts.min())
        return np.log(counts) - np.log(totals[size - 1])

    def _looked_up(self, ids: np.ndarray, size: int, ngrams: Ngrams) -> np.ndarray:
        """PMI, left and right entropy of the n-grams that begin at each unit, standardised, `(3, L + 2 (size - 1))`.

        The n-gram that begins at unit p is at p + size - 1; where none fits there is nothing known.
        """
        found = np.zeros((3, len(ids) + 2 * (size - 1)))
        starts, keys = self._packed(ids, size)
        if len(starts) and len(ngrams.keys):
            places = np.minimum(np.searchsorted(ngrams.keys, keys), len(ngrams.keys) - 1)
            is_known = ngrams.keys[places] == keys
            values = np.stack([ngrams.pmi[places], ngrams.left[places], ngrams.right[places]])
            found[:, starts + size - 1] = np.where(is_known, values, 0.0)
        return (found - self._means[:, size - 1, None]) / self._spreads[:, size - 1, None]

    def _standardise(self) -> None:
        """The means and standard deviations of PMI and entropies over all occurrences, by length."""
        for size, ngrams in enumerate(self.ngrams):
            total = max(int(ngrams.counts.sum()), 1)
            for row, values in enumerate((ngrams.pmi, ngrams.left, ngrams.right)):
                mean = float((values * ngrams.counts).sum()) / total
                spread = float((np.square(values - mean) * ngrams.counts).sum() / total) ** 0.5
                self._means[row, size] = mean
                self._spreads[row, size] = spread if spread > 1e-6 else 1.0


def _frequent_units(sentences: Iterable[Sequence[str]], most: int) -> list[str]:
    """The most frequent units, the most frequent first."""
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(sentence)
        if len(counts) > _MOST_UNITS:
            counts = Counter({unit: number for unit, number in counts.items() if number > 1})
    return sorted(counts, key=lambda unit: (-counts[unit], unit))[:most]


def _positions(ids: np.ndarray, max_ngram: int) -> np.ndarray:
    """How many n-grams of each length, of known units or not, a chunk of sentences has."""
    lengths = np.diff(np.flatnonzero(ids == _EDGE)) - 1
    return np.asarray([np.maximum(lengths - size + 1, 0).sum() for size in range(1, max_ngram + 1)])


def _root(number: int, degree: int) -> int:
    """The greatest integer whose power is at most a number."""
    root = round(number ** (1 / degree))
    while root**degree > number:
        root -= 1
    return root
