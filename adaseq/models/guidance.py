"""What a user's dictionary says about the sentences of a batch, and how scores follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from adaseq.utils.tag_schemes import OUTSIDE, PLAIN, SCHEMES, join_tag, split_tag

# Above any score that a network gives, and within what half precision holds.
CERTAIN = 1e4
_CONTINUES = frozenset("IMEL")


class Match(NamedTuple):
    """An entry of a dictionary that was found in a sentence: a range of words, half-open, and the type it shall have."""

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Guidance:
    """The entries found in each sentence of a batch; in a batch it lies under the key `guidance`.

    Attributes:
        matches: for each sentence, counted among its labelled words; they do not overlap.
        bonus: what is added to the score of an entry, in natural logarithms of odds; None if entries are certain.
    """

    matches: Sequence[Sequence[Match]]
    bonus: float | None

    def of(self, rows: Sequence[int]) -> Guidance:
        """That of some sentences."""
        return Guidance([self.matches[row] for row in rows], self.bonus)

    def window(self, first: int, last: int) -> Guidance:
        """The entries that lie in a range of words, counted from its first word."""
        return Guidance(
            [
                [Match(start - first, end - first, kind) for start, end, kind in each if first <= start and end <= last]
                for each in self.matches
            ],
            self.bonus,
        )


def guide_tags(
    scores: Tensor, guidance: Guidance | None, id_to_label: Mapping[int, str], scheme: str
) -> tuple[Tensor, Tensor | None]:
    """Tag scores that follow a dictionary.

    The bonus of an entry is shared among its words, so that its odds against no entry do not grow with its length. Where
    entries are certain, no tag beside them may continue them.

    Args:
        scores: `(B, L, K)`.
        guidance: of the batch; None if there is none.
        id_to_label: the tags.
        scheme: the scheme that they are written in.

    Returns:
        The scores, and the tags that each word may carry `(B, L, K)`, None if any.
    """
    if guidance is None or not any(guidance.matches):
        return scores, None
    ids = {tag: number for number, tag in id_to_label.items()}
    places = []
    for row, matches in enumerate(guidance.matches):
        ends = {(match.end, match.type) for match in matches}
        for match in matches:
            spelling = tags_of(match, scheme, (match.start, match.type) in ends)
            places += [
                (row, match.start + step, ids[tag], len(spelling)) for step, tag in enumerate(spelling) if tag in ids
            ]
    sentences, words, tags, lengths = torch.tensor(places, device=scores.device).reshape(-1, 4).unbind(1)
    if guidance.bonus is not None:
        scores = scores.float()
        return scores.index_put((sentences, words, tags), guidance.bonus / lengths, accumulate=True), None
    allowed = torch.ones(scores.shape, dtype=torch.bool, device=scores.device)
    for row, word, tag in _that_would_continue(guidance, ids, scheme, scores.shape[1]):
        allowed[row, word, tag] = False
    allowed[sentences, words] = False
    allowed[sentences, words, tags] = True
    return scores, allowed


def tags_of(match: Match, scheme: str, is_behind_its_like: bool = False) -> list[str]:
    """The tags that spell an entry.

    Args:
        match: the entry.
        scheme: the scheme.
        is_behind_its_like: whether an entry of the same type ends where it begins.
    """
    count = match.end - match.start
    if scheme == PLAIN:
        return [match.type] * count
    letters = SCHEMES[scheme]
    # In IOB1 a B parts a span from one of its type before it, and stands nowhere else.
    begin, single = ("B", "B") if scheme == "IOB1" and is_behind_its_like else (letters.begin, letters.single)
    prefixes = [single] if count == 1 else [begin, *[letters.inside] * (count - 2), letters.end]
    return [join_tag(prefix, match.type) for prefix in prefixes]


def _that_would_continue(
    guidance: Guidance, ids: Mapping[str, int], scheme: str, length: int
) -> list[tuple[int, int, int]]:
    """Sentence, word and tag wherever a tag beside an entry would make it longer."""
    if scheme == PLAIN or SCHEMES[scheme].end != SCHEMES[scheme].inside:
        return []
    continuing: dict[str, list[int]] = {}
    for tag, number in ids.items():
        prefix, label = split_tag(tag)
        if tag != OUTSIDE and prefix in _CONTINUES:
            continuing.setdefault(label, []).append(number)
    found = []
    for row, matches in enumerate(guidance.matches):
        for match in matches:
            # Where beginnings have no letter of their own, the word before would flow into the entry, too.
            flows_in = SCHEMES[scheme].begin == SCHEMES[scheme].inside
            if flows_in and match.start > 0:
                found += [(row, match.start - 1, number) for tag, number in ids.items() if _label_of(tag) == match.type]
            if match.end < length:
                found += [(row, match.end, tag) for tag in continuing.get(match.type, ())]
    return found


def _label_of(tag: str) -> str | None:
    return None if tag == OUTSIDE else split_tag(tag)[1]


def guide_cells(scores: Tensor, guidance: Guidance | None, classes: Mapping[str, int], first: int) -> Tensor:
    """Scores of spans that follow a dictionary.

    Args:
        scores: `(B, R, K, M)` of first words from `first` on, and of last words from `first` on.
        guidance: of the batch; None if there is none.
        classes: the class of each type.
        first: the first word of the first row.
    """
    if guidance is None:
        return scores
    cells = [
        (row, match.start - first, classes[match.type], match.end - 1 - first)
        for row, matches in enumerate(guidance.matches)
        for match in matches
        if first <= match.start < first + scores.shape[1] and match.type in classes
    ]
    return raise_cells(scores, cells, None if guidance.bonus is None else [guidance.bonus] * len(cells))


def raise_cells(scores: Tensor, cells: Sequence[tuple[int, ...]], bonus: Sequence[float] | None) -> Tensor:
    """Scores in which some are raised.

    Args:
        scores: of four dimensions.
        cells: which, by their four indices.
        bonus: by how much each; None makes them certain.
    """
    if not cells:
        return scores
    index = torch.tensor(cells, device=scores.device).unbind(1)
    scores = scores.float()
    if bonus is None:
        return scores.index_put(index, scores.new_tensor(CERTAIN))
    return scores.index_put(index, scores.new_tensor(bonus), accumulate=True)
