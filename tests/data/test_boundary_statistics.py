"""PMI and entropies of n-grams against a count by hand."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from adaseq.data.boundary_statistics import BoundaryStatistics
from adaseq.errors import AdaSeqError, ModelError

WORDS = ("北京", "大学", "大学生", "生活", "北", "京", "上海", "工作", "的")


def corpus(count: int = 60, seed: int = 3) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choice(WORDS) for _ in range(draw.randint(0, 7))) for _ in range(count)]


class ByHand:
    """The definitions, word by word."""

    def __init__(self, sentences: list[str], max_ngram: int, min_count: int) -> None:
        self.counts: Counter[str] = Counter()
        self.totals: Counter[int] = Counter()
        self.before: dict[str, Counter[str]] = {}
        self.behind: dict[str, Counter[str]] = {}
        for sentence in sentences:
            for size in range(1, max_ngram + 1):
                for start in range(len(sentence) - size + 1):
                    gram = sentence[start : start + size]
                    self.counts[gram] += 1
                    self.totals[size] += 1
                    before = sentence[start - 1] if start else "edge"
                    behind = sentence[start + size] if start + size < len(sentence) else "edge"
                    self.before.setdefault(gram, Counter())[before] += 1
                    self.behind.setdefault(gram, Counter())[behind] += 1
        self.known = {gram for gram, count in self.counts.items() if count >= min_count}
        self.moments = {}
        for size in range(1, max_ngram + 1):
            grams = [gram for gram in self.known if len(gram) == size]
            for kind in (self.pmi, self.left, self.right):
                values = np.repeat([kind(gram) for gram in grams], [self.counts[gram] for gram in grams])
                spread = values.std() if len(values) else 0.0
                self.moments[kind.__name__, size] = (
                    values.mean() if len(values) else 0.0,
                    spread if spread > 1e-6 else 1.0,
                )

    def share(self, gram: str) -> float:
        return self.counts[gram] / self.totals[len(gram)]

    def pmi(self, gram: str) -> float:
        cuts = range(1, len(gram))
        return min((math.log(self.share(gram) / self.share(gram[:i]) / self.share(gram[i:])) for i in cuts), default=0)

    def left(self, gram: str) -> float:
        return entropy(self.before[gram])

    def right(self, gram: str) -> float:
        return entropy(self.behind[gram])

    def feature(self, kind, sentence: str, start: int, size: int) -> float:
        gram = sentence[start : start + size] if start >= 0 and start + size <= len(sentence) else None
        mean, spread = self.moments[kind.__name__, size]
        return ((kind(gram) if gram in self.known else 0.0) - mean) / spread

    def features(self, sentence: str, max_ngram: int) -> list[list[float]]:
        rows = []
        for i in range(len(sentence)):
            sizes = range(1, max_ngram + 1)
            row = [self.feature(self.pmi, sentence, i - j, n) for n in sizes for j in range(n - 1, -1, -1)]
            row += [self.feature(self.left, sentence, i, n) for n in sizes]
            rows.append(row + [self.feature(self.right, sentence, i - n + 1, n) for n in sizes])
        return rows


def entropy(counts: Counter[str]) -> float:
    total = sum(counts.values())
    return -sum(count / total * math.log(count / total) for count in counts.values())


@pytest.mark.parametrize(("max_ngram", "min_count", "memory"), [(4, 2, 1 << 20), (3, 1, 40), (1, 1, 100), (4, 5, 16)])
def test_features_are_what_is_counted_by_hand(max_ngram, min_count, memory):
    sentences = corpus()
    statistics = BoundaryStatistics(max_ngram, min_count, most_in_memory=memory)
    statistics.count(sentences)
    by_hand = ByHand(sentences, max_ngram, min_count)
    for sentence in [*sentences[:10], "大学外北京", "外"]:
        found = statistics.features(sentence)
        assert found.shape == (len(sentence), statistics.size) and found.dtype == np.float32
        expected = np.asarray(by_hand.features(sentence, max_ngram)).reshape(found.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_words_are_told_from_what_is_none():
    statistics = BoundaryStatistics(2, 2)
    statistics.count(corpus(400))
    pairs = statistics.features("上海的上")[:, 2]  # the pair that begins with each character
    assert pairs[0] == pairs.max() > 0
    assert pairs[0] > pairs[1] + 0.5


def test_only_the_most_frequent_are_kept():
    statistics = BoundaryStatistics(3, 1, max_ngrams=4)
    statistics.count(corpus())
    assert [len(each.keys) for each in statistics.ngrams] == [4, 4, 4]
    assert all(np.isfinite(statistics.features(sentence)).all() for sentence in corpus())


def test_saved_and_read_again_they_are_the_same(tmp_path: Path):
    statistics = BoundaryStatistics(3, 2)
    assert not statistics.load(tmp_path)
    statistics.count(corpus())
    statistics.save(tmp_path)
    again = BoundaryStatistics(3, 2)
    assert again.load(tmp_path)
    assert again.fingerprint() == statistics.fingerprint()
    np.testing.assert_array_equal(again.features("北京大学"), statistics.features("北京大学"))
    other = BoundaryStatistics(3, 2)
    other.count(corpus(seed=4))
    assert other.fingerprint() != statistics.fingerprint()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "boundary_statistics.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ModelError, match="boundary_statistics.npz' are damaged"):
        BoundaryStatistics(2).load(tmp_path)


def test_text_without_a_single_word_has_no_statistics():
    statistics = BoundaryStatistics(3, 1)
    statistics.count(["", ""])
    assert statistics.features("").shape == (0, statistics.size)
    np.testing.assert_array_equal(statistics.features("北"), np.zeros((1, statistics.size)))


def test_sizes_that_cannot_be_counted_are_refused():
    with pytest.raises(AdaSeqError) as error:
        BoundaryStatistics(7)
    assert str(error.value) == (
        "n-grams can be 1 to 6 units long, and min_count and max_ngrams are at least 1; received 7, 5, 5000000"
    )
