"""What is found: the best passages, never the sentence itself."""

from __future__ import annotations

import math
import sys

import pytest

from adaseq.errors import AdaSeqError
from adaseq.retrieval.index import PassageIndex
from adaseq.retrieval.passages import Passage
from adaseq.retrieval.terms import terms_of

TEXTS = [
    "Kestrel opened an office in Bergen",
    "The harbour of Bergen is old and busy",
    "Kestrel, a company from Bergen, builds ships",
    "kestrel opened an office in bergen!",
    "Nothing of interest here",
    "…",
]


def index_of(*texts: str, **options: float) -> PassageIndex:
    return PassageIndex([Passage(text) for text in texts], **options)


def found(index: PassageIndex, text: str, count: int = 10) -> list[str]:
    return [hit.passage.text for hit in index.search([text], count)[0]]


def test_the_sentence_itself_is_never_retrieved() -> None:
    index = index_of(*TEXTS)
    assert len(index) == 5
    hits = found(index, "Kestrel opened an office in Bergen .")
    assert TEXTS[0] not in hits and TEXTS[3] not in hits
    assert hits[0] == TEXTS[2] and TEXTS[1] in hits and TEXTS[4] not in hits


def test_copies_are_retrieved_once_and_no_more_than_asked() -> None:
    index = index_of("Bergen is wet", "bergen is wet.", "Bergen is old", "Bergen is big")
    assert len(found(index, "the weather of Bergen")) == 3
    assert len(found(index, "the weather of Bergen", 2)) == 2


def test_scores_are_those_of_the_formula() -> None:
    k1, b = 1.2, 0.6
    texts = ["a b b c", "b d", "a a e f g"]
    documents = [terms_of(text) for text in texts]
    mean = sum(map(len, documents)) / len(documents)

    def score(query: str, terms: list[str]) -> float:
        total = 0.0
        for term in set(query.split()):
            containing = sum(term in each for each in documents)
            idf = math.log(1 + (len(documents) - containing + 0.5) / (containing + 0.5))
            count = terms.count(term)
            total += idf * count / (count + k1 * (1 - b + b * len(terms) / mean))
        return total

    hits = index_of(*texts, k1=k1, b=b).search(["a b b x y z"], 5)[0]
    expected = sorted(((score("a b", terms), text) for text, terms in zip(texts, documents, strict=True)), reverse=True)
    assert [hit.passage.text for hit in hits] == [text for value, text in expected if value > 0]
    assert [hit.score for hit in hits] == pytest.approx([value for value, _ in expected], rel=1e-5)


def test_chinese_is_found_by_its_characters() -> None:
    index = index_of("远山科技在北京开设办事处", "上海的天气很好", "北京的远山科技公司")
    assert found(index, "远山科技有限公司") == ["北京的远山科技公司", "远山科技在北京开设办事处"]


def test_texts_without_a_known_term_find_nothing() -> None:
    assert index_of(*TEXTS).search(["quux", "", "Bergen"], 1)[:2] == [[], []]


def test_what_cannot_be_searched_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AdaSeqError) as error:
        index_of("…", "!")
    assert str(error.value) == "the corpus has no passage with a word in it: there is nothing to retrieve"
    with pytest.raises(AdaSeqError) as error:
        index_of("a", b=2.0)
    assert str(error.value) == "k1 must be at least 0 and b from 0 to 1; received 1.5 and 2.0"
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(AdaSeqError) as error:
        index_of("a")
    assert str(error.value) == "retrieval needs the package bm25s: pip install 'adaseq[retrieval]'"
