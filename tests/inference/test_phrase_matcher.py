"""Phrases in texts, against a search that tries everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adaseq.inference.phrase_matcher import PhraseMatcher

phrases = st.sets(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple), max_size=8)
texts = st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=24)


def naive(
    known: set[tuple[str, ...]], tokens: list[str | None], is_boundary: list[bool] | None = None
) -> list[tuple[int, int]]:
    """At each place the longest phrase; on behind it."""
    found, place = [], 0
    while place < len(tokens):
        ends = [
            place + len(phrase)
            for phrase in known
            if tuple(tokens[place : place + len(phrase)]) == phrase
            and (is_boundary is None or (is_boundary[place] and is_boundary[place + len(phrase)]))
        ]
        if ends:
            found.append((place, max(ends)))
        place = max(ends, default=place + 1)
    return found


@given(phrases, texts)
def test_the_longest_phrases_from_left_to_right(known: set[tuple[str, ...]], tokens: list[str | None]) -> None:
    matcher = PhraseMatcher({phrase: "".join(phrase) for phrase in known})
    found = list(matcher.longest(tokens))
    assert [(start, end) for start, end, _ in found] == naive(known, tokens)
    assert all("".join(filter(None, tokens[start:end])) == value for start, end, value in found)


@given(phrases, texts, st.data())
def test_only_between_boundaries(known: set[tuple[str, ...]], tokens: list[str | None], data: st.DataObject) -> None:
    is_boundary = data.draw(st.lists(st.booleans(), min_size=len(tokens) + 1, max_size=len(tokens) + 1))
    matcher = PhraseMatcher(dict.fromkeys(known, 0))
    found = [(start, end) for start, end, _ in matcher.longest(tokens, is_boundary)]
    assert found == naive(known, tokens, is_boundary)


def test_work_grows_with_the_text_and_not_with_its_phrases() -> None:
    """Every beginning of the text is a phrase, the worst case of a search that starts again at each token."""
    size = 2000
    matcher = PhraseMatcher({("a",) * length: length for length in range(1, size + 1)})
    steps = 0

    class Token(str):
        def __hash__(self) -> int:
            nonlocal steps
            steps += 1
            return str.__hash__(self)

    tokens = [Token("a")] * (2 * size)
    assert [found.value for found in matcher.longest(tokens)] == [size, size]
    assert steps < 10 * len(tokens)


def test_nothing_to_find() -> None:
    assert list(PhraseMatcher({}).longest(["a"])) == []
    assert list(PhraseMatcher({("a",): 1}).longest([])) == []
