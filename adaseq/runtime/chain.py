"""Tag paths in numpy: the best ones and their probabilities, under a linear-chain CRF or a softmax for each word.

The same quantities as `adaseq.modules.decoders`, in float64 and without torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

# Scores further apart than this leave the range of float64 when they are exponentiated and multiplied.
_WIDEST = 150.0


class Stretch(NamedTuple):
    """Tags of some words of a sentence: their row in the batch, their first word, and the tags."""

    row: int
    start: int
    tags: Sequence[int]


class Decoder(Protocol):
    """From the scores of tags to paths and probabilities."""

    def best_paths(self, scores: np.ndarray, lengths: np.ndarray) -> list[list[int]]:
        """The best tags of each sentence.

        Args:
            scores: `(B, L, K)`.
            lengths: `(B,)` how many words each sentence has, at least one.
        """
        ...

    def probabilities(self, scores: np.ndarray, lengths: np.ndarray, stretches: Sequence[Stretch]) -> np.ndarray:
        """The probability that each stretch of words has these tags, whatever the others have, `(N,)`.

        Args:
            scores: `(B, L, K)`.
            lengths: `(B,)`.
            stretches: N of them.
        """
        ...


class Independent:
    """Every word's tag by itself."""

    def best_paths(self, scores: np.ndarray, lengths: np.ndarray) -> list[list[int]]:
        """The best tag of each word; see `Decoder`."""
        return [row[:length] for row, length in zip(scores.argmax(2).tolist(), lengths.tolist(), strict=True)]

    def probabilities(self, scores: np.ndarray, lengths: np.ndarray, stretches: Sequence[Stretch]) -> np.ndarray:
        """The products of the probabilities of tags; see `Decoder`."""
        rows, words, tags, owners = _flat(stretches)
        chosen = scores[rows, words].astype(np.float64)
        log_steps = chosen[np.arange(len(tags)), tags] - log_sum(chosen)
        return np.exp(np.bincount(owners, log_steps, len(stretches)))


class Chain:
    """A linear-chain CRF.

    Args:
        arrays: `start` (K,), `end` (K,) and `transitions` (K, K); with constraints also `allowed_start`, `allowed_end` and
            `allowed_transitions`, of the same shapes.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.start, self.end, self.transitions = (
            np.asarray(arrays[name], np.float64) for name in ("start", "end", "transitions")
        )
        self._allowed = None
        if "allowed_transitions" in arrays:
            begin, finish, pairs = (
                np.asarray(arrays[f"allowed_{name}"], bool) for name in ("start", "end", "transitions")
            )
            self._allowed = begin, finish, pairs
            self.transitions = np.where(pairs, self.transitions, -np.inf)

    def best_paths(self, scores: np.ndarray, lengths: np.ndarray) -> list[list[int]]:
        """Viterbi's algorithm over all sentences at once; see `Decoder`."""
        order, counts = _by_length(lengths)
        emissions = scores[order].astype(np.float64)
        start, end = self._ends(lengths[order])
        best = np.empty_like(emissions)
        best[:, 0] = start + emissions[:, 0]
        into = np.ascontiguousarray(self.transitions.T)  # (K, K) [to, from]
        for step in range(1, len(counts)):
            active = counts[step]
            candidates = best[:active, step - 1, None, :] + into  # (active, K to, K from)
            np.add(candidates.max(2), emissions[:active, step], out=best[:active, step])
        tags = np.empty(emissions.shape[:2], np.int64)
        last = lengths[order] - 1
        rows = np.arange(len(order))
        tags[rows, last] = (best[rows, last] + end).argmax(1)
        for step in range(len(counts) - 1, 0, -1):
            active = counts[step]
            tags[:active, step - 1] = (best[:active, step - 1] + into[tags[:active, step]]).argmax(1)
        paths: list[list[int]] = [[] for _ in order]
        for row, path, length in zip(order.tolist(), tags.tolist(), lengths[order].tolist(), strict=True):
            paths[row] = path[:length]
        return paths

    def probabilities(self, scores: np.ndarray, lengths: np.ndarray, stretches: Sequence[Stretch]) -> np.ndarray:
        """What leads to a stretch, the stretch itself and what may follow, by the sum over all paths; see `Decoder`."""
        order, counts = _by_length(lengths)
        emissions = scores[order].astype(np.float64)
        start, end = self._ends(lengths[order])
        sweep = _sweep_scaled if self._is_narrow(emissions, lengths[order], counts) else _sweep_in_logarithms
        forward = sweep(emissions, start, self.transitions, counts)  # (B, L, K) with the word's own score
        beyond = _backward(sweep, emissions, end, self.transitions, lengths[order])  # (B, L, K) without it
        rows = np.arange(len(order))
        total = log_sum(forward[rows, lengths[order] - 1] + end)
        rank = np.empty(len(order), np.int64)
        rank[order] = rows
        result = np.empty(len(stretches))
        for number, (row, first, tags) in enumerate(stretches):
            place, last, path = rank[row], first + len(tags) - 1, np.asarray(tags)
            inner = emissions[place, np.arange(first + 1, last + 1), path[1:]].sum()
            inner += self.transitions[path[:-1], path[1:]].sum()
            log = forward[place, first, path[0]] + inner + beyond[place, last, path[-1]] - total[place]
            result[number] = np.exp(min(log, 0.0))
        return np.nan_to_num(result, nan=0.0)

    def _ends(self, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The scores of first and of last tags, `(B, K)`: where the constraints leave no path at all, they are lifted."""
        shape = len(lengths), len(self.start)
        if self._allowed is None:
            return np.broadcast_to(self.start, shape), np.broadcast_to(self.end, shape)
        penalty = np.where(self._has_path(lengths), -np.inf, 0.0)[:, None]
        begin, finish, _ = self._allowed
        return np.where(begin, self.start, penalty), np.where(finish, self.end, penalty)

    def _has_path(self, lengths: np.ndarray) -> np.ndarray:
        assert self._allowed is not None
        reached, finish, pairs = self._allowed
        wanted = set(lengths.tolist())
        found: dict[int, bool] = {}
        for length in range(1, int(lengths.max()) + 1):
            if length in wanted:
                found[length] = bool((reached & finish).any())
            following = reached @ pairs
            if (following == reached).all():
                settled = bool((reached & finish).any())
                return np.asarray([found.get(each, settled) for each in lengths.tolist()])
            reached = following
        return np.asarray([found[each] for each in lengths.tolist()])

    def _is_narrow(self, emissions: np.ndarray, lengths: np.ndarray, counts: list[int]) -> bool:
        """Whether no number can get lost when scores are exponentiated."""
        is_word = np.arange(emissions.shape[1]) < lengths[:, None]
        words = emissions[is_word]
        finite = self.transitions[np.isfinite(self.transitions)]
        if not np.isfinite(words).all() or not len(finite):
            return False
        spread = float((words.max(1) - words.min(1)).max()) + float(np.ptp(finite))
        return spread + float(np.ptp(self.start)) + float(np.ptp(self.end)) < _WIDEST


def log_sum(values: np.ndarray) -> np.ndarray:
    """The logarithm of the sum of the exponentials over the last dimension."""
    top = values.max(-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(values - top).sum(-1)) + top[..., 0]


def _by_length(lengths: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The longest sentences first, and how many have a word at each place."""
    order = np.argsort(-lengths, kind="stable")
    counts = np.searchsorted(-lengths[order], -np.arange(1, int(lengths.max()) + 1), side="right")
    return order, counts.tolist()


def _sweep_scaled(emissions: np.ndarray, first: np.ndarray, transitions: np.ndarray, counts: list[int]) -> np.ndarray:
    """Log-weights `(B, L, K)` of all beginnings that end in each tag of each word, the word's own score included.

    Args:
        emissions: `(B, L, K)`, the longest sentences first.
        first: `(B, K)` scores of first tags.
        transitions: `(K, K)`.
        counts: how many sentences have a word at each place.
    """
    tops = emissions.max(2)  # (B, L)
    factors = np.exp(emissions - tops[:, :, None])
    matrix = np.exp(transitions)
    after = np.zeros_like(emissions)
    scales = np.zeros_like(tops)
    top = np.maximum(first.max(1), np.finfo(np.float64).min)
    state = np.exp(first - top[:, None]) * factors[:, 0]
    scales[:, 0] = top + tops[:, 0]
    for step in range(len(counts)):
        active = counts[step]
        if step:
            state = (state[:active] @ matrix) * factors[:active, step]
            scales[:active, step] = scales[:active, step - 1] + tops[:active, step]
        highest = state.max(1)
        highest = np.where(highest > 0, highest, 1.0)
        state = state / highest[:, None]
        after[: len(state), step] = state
        scales[: len(state), step] += np.log(highest)
    with np.errstate(divide="ignore"):
        return np.log(after) + scales[:, :, None]


def _sweep_in_logarithms(
    emissions: np.ndarray, first: np.ndarray, transitions: np.ndarray, counts: list[int]
) -> np.ndarray:
    """The same for scores of any size."""
    after = np.full_like(emissions, -np.inf)
    after[:, 0] = first + emissions[:, 0]
    into = transitions.T
    for step in range(1, len(counts)):
        active = counts[step]
        after[:active, step] = log_sum(after[:active, step - 1, None, :] + into) + emissions[:active, step]
    return after


def _backward(
    sweep: object, emissions: np.ndarray, end: np.ndarray, transitions: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """Log-weights `(B, L, K)` of all that may follow each tag of each word: the same sweep over reversed sentences."""
    assert callable(sweep)
    places = lengths[:, None] - 1 - np.arange(emissions.shape[1])
    mirror = np.where(places >= 0, places, np.arange(emissions.shape[1]))
    rows = np.arange(len(lengths))[:, None]
    _, counts = _by_length(lengths)
    with_own = sweep(emissions[rows, mirror], end, transitions.T, counts)[rows, mirror]
    with np.errstate(invalid="ignore"):
        return with_own - emissions


def _flat(stretches: Sequence[Stretch]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row, word, tag and stretch of each tag of each stretch."""
    fields = [
        (row, start + step, tag, number)
        for number, (row, start, tags) in enumerate(stretches)
        for step, tag in enumerate(tags)
    ]
    rows, words, tags, owners = np.asarray(fields, np.int64).reshape(-1, 4).T
    return rows, words, tags, owners
