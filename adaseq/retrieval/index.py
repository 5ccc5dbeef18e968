"""A searchable index of passages: the one module that imports bm25s (the extra `adaseq[retrieval]`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adaseq.errors import AdaSeqError
from adaseq.retrieval.passages import Passage
from adaseq.retrieval.terms import is_same, terms_of

# Among the best passages may be the sentence itself, and copies of each other.
_SPARE = 10


class Hit(NamedTuple):
    """A passage that was found.

    Attributes:
        passage: the passage.
        score: how well it matches: BM25, more is better.
    """

    passage: Passage
    score: float


class PassageIndex:
    """Ranks passages by BM25 (Robertson and Zaragoza 2009) in Lucene's variant. All of them are kept in memory.

    Args:
        passages: the corpus.
        k1: how soon more of the same term counts less.
        b: how much long passages are held back, from 0 to 1.

    Raises:
        AdaSeqError: bm25s is not installed, or there is nothing to search.
    """

    def __init__(self, passages: Sequence[Passage], k1: float = 1.5, b: float = 0.75) -> None:
        try:
            import bm25s
        except ImportError:
            raise AdaSeqError("retrieval needs the package bm25s: pip install 'adaseq[retrieval]'") from None
        if k1 < 0 or not 0 <= b <= 1:
            raise AdaSeqError(f"k1 must be at least 0 and b from 0 to 1; received {k1} and {b}")
        found = [(passage, terms) for passage in passages if (terms := terms_of(passage.text))]
        if not found:
            raise AdaSeqError("the corpus has no passage with a word in it: there is nothing to retrieve")
        self._passages = [passage for passage, _ in found]
        self._index = bm25s.BM25(k1=k1, b=b)
        self._index.index([terms for _, terms in found], show_progress=False)

    def __len__(self) -> int:
        return len(self._passages)

    def search(self, texts: Sequence[str], count: int) -> list[list[Hit]]:
        """For each text the passages that match it best, the best one first.

        Left out are the text itself, be it written somewhat differently, passages that say the same as a better one, and those
        that share no term with it.

        Args:
            texts: the texts.
            count: the most passages for each.
        """
        queries = [terms_of(text) for text in texts]
        most = min(2 * count + _SPARE, len(self._passages))
        # A repeated term would count again; the order does not matter.
        numbers, scores = self._index.retrieve(
            [sorted(set(terms)) for terms in queries], k=most, show_progress=False, backend_selection="numpy"
        )
        return [
            self._choose(terms, sorted(zip(row, values, strict=True), key=lambda hit: (-hit[1], hit[0])), count)
            for terms, row, values in zip(queries, numbers.tolist(), scores.tolist(), strict=True)
        ]

    def _choose(self, query: list[str], ranked: list[tuple[int, float]], count: int) -> list[Hit]:
        hits: list[Hit] = []
        seen = [query]
        for number, score in ranked:
            if score <= 0 or len(hits) == count:
                break
            passage = self._passages[number]
            terms = terms_of(passage.text)
            if not any(is_same(terms, each) for each in seen):
                seen.append(terms)
                hits.append(Hit(passage, score))
        return hits
