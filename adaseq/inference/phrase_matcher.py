"""Finding many phrases in a text at once, in time that grows with the text and not with the phrases."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")

_NO_EDGES: dict[str, int] = {}
_ROOT = 0


class Found(NamedTuple, Generic[Value]):
    """A phrase that was found: a range of tokens, half-open, and what belongs to it."""

    start: int
    end: int
    value: Value


class PhraseMatcher(Generic[Value]):
    """Finds the longest phrase at each place, from left to right, none across another one.

    An automaton of Aho and Corasick (1975, 'Efficient string matching') that reads backwards: after each token it knows the
    longest phrase that begins there. Nothing in it changes once it is made.

    Args:
        phrases: what belongs to each phrase, a sequence of at least one token.
    """

    def __init__(self, phrases: Mapping[tuple[str, ...], Value]) -> None:
        self._edges: list[dict[str, int]] = [_NO_EDGES]
        # Of the state's own phrase; 0 where a state is only a part of phrases.
        self._lengths, self._values = [0], {}
        for phrase, value in phrases.items():
            state = _ROOT
            for token in reversed(phrase):
                state = self._edges[state].get(token) or self._add(state, token)
            self._lengths[state], self._values[state] = len(phrase), value
        # The state of the longest other phrase or beginning of one that a state ends with; and of the longest phrase.
        self._fallback, self._shorter = [_ROOT] * len(self._edges), [_ROOT] * len(self._edges)
        self._link()

    def longest(
        self, tokens: Sequence[str | None], is_boundary: Sequence[bool] | None = None
    ) -> Iterator[Found[Value]]:
        """The phrases in a text.

        Args:
            tokens: the text; None stands for what is in no phrase.
            is_boundary: `(L + 1,)` whether a phrase may begin or end before each token, and behind the last; by default
                anywhere.
        """
        edges, fallback, shorter, lengths = self._edges, self._fallback, self._shorter, self._lengths
        best = [_ROOT] * len(tokens)
        state = _ROOT
        for place in range(len(tokens) - 1, -1, -1):
            token = tokens[place]
            if token is None:
                state = _ROOT
                continue
            while state and token not in edges[state]:
                state = fallback[state]
            state = edges[state].get(token, _ROOT)
            phrase = state if lengths[state] else shorter[state]
            if is_boundary is not None:
                while phrase and not (is_boundary[place] and is_boundary[place + lengths[phrase]]):
                    phrase = shorter[phrase]
            best[place] = phrase
        place = 0
        while place < len(tokens):
            phrase = best[place]
            if phrase:
                yield Found(place, place + lengths[phrase], self._values[phrase])
            place += lengths[phrase] or 1

    def _add(self, state: int, token: str) -> int:
        if self._edges[state] is _NO_EDGES:
            self._edges[state] = {}
        self._edges[state][token] = len(self._edges)
        self._edges.append(_NO_EDGES)
        self._lengths.append(0)
        return len(self._edges) - 1

    def _link(self) -> None:
        waiting = deque(self._edges[_ROOT].values())
        while waiting:
            state = waiting.popleft()
            for token, following in self._edges[state].items():
                waiting.append(following)
                back = self._fallback[state]
                while back and token not in self._edges[back]:
                    back = self._fallback[back]
                back = self._edges[back].get(token, _ROOT)
                self._fallback[following] = back
                self._shorter[following] = back if self._lengths[back] else self._shorter[back]
